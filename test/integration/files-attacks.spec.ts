import sharp from 'sharp';
import { UploadSettings } from '../../src/modules/files/upload.interceptor.js';
import {
  compound,
  isoMedia,
  mp3,
  office,
  openDocument,
  pdf,
  picture,
  rar,
  sevenZip,
  wav,
  zip,
  zipEnd,
} from '../fixtures/sample-files.js';
import { type HttpResponse, request } from '../support/client/http.js';
import { FileWorld } from '../support/file-world.js';
import type { RegisteredUser } from '../support/users.js';

const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');
const SCRIPT = '<script>alert(document.cookie)</script>';
const PROGRAMS: [string, Buffer][] = [
  [
    'Windows',
    Buffer.concat([
      Buffer.from('MZ'),
      Buffer.alloc(58),
      Buffer.from([64, 0, 0, 0]),
      Buffer.from('PE\0\0'),
      Buffer.alloc(200),
    ]),
  ],
  ['Linux', Buffer.concat([Buffer.from('7f454c46020101', 'hex'), Buffer.alloc(200, 1)])],
  ['macOS', Buffer.concat([Buffer.from('cffaedfe07000001', 'hex'), Buffer.alloc(200, 1)])],
  ['a shell', Buffer.from('#!/bin/sh\nrm -rf ~\n')],
  ['PHP', Buffer.from('<?php system($_GET["c"]); ?>')],
  ['HTML', Buffer.from(`<!DOCTYPE html><html><body>${SCRIPT}</body></html>`)],
  ['SVG', Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)],
  ['XML', Buffer.from('<?xml version="1.0"?><a/>')],
];

type Attack = [what: string, name: string, type: string, bytes: () => Buffer | Promise<Buffer>];
const jpeg = (): Promise<Buffer> => picture().jpeg().toBuffer();
const png = (): Promise<Buffer> => picture().png().toBuffer();
const text = (content: string) => (): Buffer => Buffer.from(content);
const with_ = async (head: Buffer | Promise<Buffer>, tail: string | Buffer): Promise<Buffer> =>
  Buffer.concat([await head, Buffer.from(tail)]);

/** Rejected as INVALID_FILE_TYPE. */
const WRONG: Attack[] = [
  ...PROGRAMS.flatMap(([what, bytes]): Attack[] =>
    ['a.txt', 'a.jpg', 'a.pdf', 'a.zip', 'a.mp4'].map((name) => [`a program for ${what}`, name, '', () => bytes]),
  ),
  ...PROGRAMS.map(([what, bytes]): Attack => [`a program for ${what}, by its name`, 'a.exe', '', () => bytes]),
  ...['a.php', 'a.html', 'a.svg', 'a.js', 'a.sh', 'a.jpg .exe', 'a.jpg.exe', 'a.jpg::$DATA', 'a.exe.'].map(
    (name): Attack => ['an extension that is not taken', name, 'image/jpeg', jpeg],
  ),
  ['an extension that is not its own', 'a.png', 'image/png', jpeg],
  ['an extension of another kind', 'a.pdf', 'application/pdf', jpeg],
  ['a type that is not its own', 'a.jpg', 'image/png', jpeg],
  ['a type that runs', 'a.jpg', 'text/html', jpeg],
  ['a type of another kind', 'a.txt', 'image/png', text('hello')],
  ['nothing at all', 'a.txt', 'text/plain', text('')],
  ['text that is no text', 'a.txt', 'text/plain', text('a\0b')],
  ['bytes that are text in no encoding', 'a.txt', 'text/plain', () => Buffer.from([0xe4, 0xf6, 0xfc, 0x02])],
  ['UTF-16 without its mark', 'a.txt', 'text/plain', () => Buffer.from('text', 'utf16le')],
  ['a page in UTF-16', 'a.txt', 'text/plain', () => Buffer.from(`\ufeff<!doctype html>${SCRIPT}`, 'utf16le')],
  ['a page in Markdown', 'a.md', 'text/markdown', text(`<script>alert(1)</script>`)],
  ['a value that is none', 'a.json', 'application/json', text('hello')],
  ['a page without a name', 'blob', '', text(`<!doctype html>${SCRIPT}`)],
  ['a picture that is declared as a page, without a name', 'blob', 'text/html', jpeg],
  ['a page that begins late', 'a.csv', 'text/csv', text(`a;b\n${SCRIPT}`)],
  ['a picture with a script behind it', 'a.png', 'image/png', () => with_(png(), SCRIPT)],
  ['a picture with PHP in its comment', 'a.jpg', 'image/jpeg', () => with_(jpeg(), '<?php phpinfo(); ?>')],
  ['a picture that is a page too', 'a.gif', 'image/gif', () => with_(picture().gif().toBuffer(), '<html><body>')],
  ['a document with a page behind it', 'a.pdf', 'application/pdf', () => with_(pdf(), `<html>${SCRIPT}</html>`)],
  [
    'a document with an archive behind it',
    'a.pdf',
    'application/pdf',
    () => with_(pdf(), zip([{ name: 'a', data: 'a' }])),
  ],
  ['a document before which a page stands', 'a.pdf', 'application/pdf', () => with_(Buffer.from(SCRIPT), pdf())],
  ['a document with a page inside its head', 'a.pdf', 'application/pdf', () => pdf(SCRIPT)],
  ['a film with a page behind it', 'a.mp4', 'video/mp4', () => with_(isoMedia('isom', 'vide'), `<html>${SCRIPT}`)],
  ['a film with bytes behind it', 'a.mp4', 'video/mp4', () => with_(isoMedia('isom', 'vide'), Buffer.alloc(100, 0x41))],
  ['a film without an index', 'a.mp4', 'video/mp4', () => isoMedia('isom', 'vide').subarray(0, 20)],
  ['a sound with an archive behind it', 'a.wav', 'audio/wav', () => with_(wav(), zip([{ name: 'a', data: 'a' }]))],
  ['one frame of a sound', 'a.mp3', 'audio/mpeg', () => with_(mp3(1), Buffer.alloc(2000, 0x41))],
  ['half an archive', 'a.zip', 'application/zip', () => zip([{ name: 'a', data: 'a' }]).subarray(0, 30)],
  [
    'an archive with a page behind it',
    'a.zip',
    'application/zip',
    () => with_(zip([{ name: 'a', data: 'a' }]), SCRIPT),
  ],
  ['an archive with a wrong sum', 'a.7z', '', () => with_(sevenZip().subarray(0, 20), Buffer.alloc(12, 7))],
  ['an archive with more behind it', 'a.7z', '', () => with_(sevenZip(), 'more')],
  ['an archive with a wrong head', 'a.rar', '', () => with_(rar().subarray(0, 9), Buffer.alloc(40, 7))],
  ['an archive that leads out of itself', 'a.zip', '', () => zip([{ name: '../../etc/passwd', data: 'x' }])],
  ['an archive of absolute paths', 'a.zip', '', () => zip([{ name: '/etc/passwd', data: 'x' }])],
  [
    'an archive with a link',
    'a.zip',
    '',
    () => zip([{ name: 'a', data: '/etc', lie: { attributes: 0o120777 * 65536 } }]),
  ],
  ['an encrypted archive', 'a.zip', '', () => zip([{ name: 'a', data: 'x', lie: { flags: 1 } }])],
  ['an archive compressed in a strange way', 'a.zip', '', () => zip([{ name: 'a', data: 'x', lie: { method: 99 } }])],
  ['a program of Java', 'a.zip', '', () => zip([{ name: 'META-INF/MANIFEST.MF', data: 'Main-Class: A' }])],
  ['entries on top of each other', 'a.zip', '', overlapping],
  ['a document that is an archive', 'a.docx', '', () => zip([{ name: 'word/document.xml', data: '<a/>' }])],
  ['an archive that is a document', 'a.zip', '', () => office('docx')],
  ['a table that is a text', 'a.xlsx', '', () => office('docx')],
  ['macros', 'a.docx', '', () => office('docx', [{ name: 'word/vbaProject.bin', data: 'x' }])],
  ['macros of a table', 'a.xlsx', '', () => office('xlsx', [{ name: 'xl/vbaProject.bin', data: 'x' }])],
  ['macros of OpenDocument', 'a.odt', '', () => openDocument('text', [{ name: 'Basic/Standard/a.xml', data: 'x' }])],
  ['macros of an old document', 'a.doc', '', () => compound(['WordDocument', 'Macros', 'VBA', '_VBA_PROJECT'])],
  ['macros of an old table', 'a.xls', '', () => compound(['Workbook', '_VBA_PROJECT_CUR'])],
  ['an encrypted document', 'a.doc', '', () => compound(['EncryptedPackage', 'EncryptionInfo'])],
  ['a compound file of no document', 'a.doc', '', () => compound(['Something'])],
  ['a compound file in circles', 'a.doc', '', circular],
  ['a compound file in circles of short sectors', 'a.doc', 'application/msword', circularShort],
  ['a film of four million boxes', 'a.mp4', 'video/mp4', () => manyBoxes(390_000)],
  ['a picture of a drawing that has a script', 'a.png', 'image/png', () => with_(png(), '<svg x="1" onload = "a()">')],
];

/** Rejected as FILE_TOO_LARGE. */
const LARGE: Attack[] = [
  ['a picture of too many pixels', 'a.png', 'image/png', () => blank(9_000, 9_000)],
  ['a picture of a page that is too wide', 'a.png', 'image/png', () => blank(30_000, 2_300)],
  ['a picture of a false size', 'a.jpg', 'image/jpeg', falseSize],
  ['a moving picture of too many frames', 'a.gif', 'image/gif', () => frames(3100, 'gif')],
  ['a moving picture of too many frames', 'a.webp', 'image/webp', () => frames(3100, 'webp')],
  ['a picture of too many pages', 'a.tiff', 'image/tiff', () => frames(3100, 'tiff')],
  [
    'an archive of too many entries',
    'a.zip',
    '',
    () => zip(Array.from({ length: 1200 }, (_v, i) => ({ name: `${i}`, data: '' }))),
  ],
  ['an archive that says it has a million entries', 'a.zip', '', million],
  [
    'an archive that expands to a thousand times',
    'a.zip',
    '',
    () => zip([{ name: 'a', data: Buffer.alloc(30_000_000) }]),
  ],
  [
    'an archive that expands to too much',
    'a.zip',
    '',
    () => zip([{ name: 'a', data: 'x', lie: { size: 200_000_000 } }]),
  ],
];

/** Accepted, and rejected by the scan. */
const LATE: [string, string, string, () => Buffer | Promise<Buffer>][] = [
  ['the scanners’ test file in an archive', 'MALWARE_DETECTED', 'a.zip', () => zip([{ name: 'a.txt', data: EICAR }])],
  [
    'the scanners’ test file in a document',
    'MALWARE_DETECTED',
    'a.docx',
    () => office('docx', [{ name: 'word/a.bin', data: EICAR }]),
  ],
  ['the scanners’ test file in an archive in an archive', 'MALWARE_DETECTED', 'a.zip', () => nested(1, EICAR)],
  ['an archive in an archive in an archive', 'INVALID_FILE_TYPE', 'a.zip', () => nested(2, 'deep')],
  ['a program in an archive', 'INVALID_FILE_TYPE', 'a.zip', () => zip([{ name: 'a.txt', data: PROGRAMS[0]![1] }])],
  [
    'a document of entities',
    'INVALID_FILE_TYPE',
    'a.docx',
    () => office('docx', [], '<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>'),
  ],
  [
    'an archive that lies of its size',
    'INVALID_FILE_TYPE',
    'a.zip',
    () => zip([{ name: 'a', data: Buffer.alloc(90_000), lie: { size: 10 } }]),
  ],
  ['a drawing that grows when it is written anew', 'FILE_TOO_LARGE', 'a.bmp', () => drawing(800)],
  ['half a picture', 'INVALID_FILE_TYPE', 'a.jpg', async () => (await noise()).subarray(0, 3000)],
];

function overlapping(): Buffer {
  const once = zip([{ name: 'a', data: 'aaaaaaaaaa' }]);
  const at = once.indexOf('PK\x01\x02');
  const entry = once.subarray(at, once.length - 22);
  const twice = [entry, entry];
  return Buffer.concat([once.subarray(0, at), ...twice, zipEnd(twice, at)]);
}

/** Its header claims 60,000 by 60,000. */
async function falseSize(): Promise<Buffer> {
  const bytes = await jpeg();
  const at = bytes.indexOf(Buffer.from([0xff, 0xc0])) + 5;
  bytes.writeUInt16BE(60_000, at);
  bytes.writeUInt16BE(60_000, at + 2);
  return bytes;
}

/** A drawing with one bit a pixel. */
function drawing(side: number): Buffer {
  const file = Buffer.alloc(62 + Math.ceil(side / 32) * 4 * side);
  file.write('BM', 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(62, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(side, 18);
  file.writeInt32LE(side, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(1, 28);
  return file;
}

/** Claims a million entries in the ZIP64 end record. */
function million(): Buffer {
  const once = zip([{ name: 'a', data: 'a' }]);
  const end = once.subarray(once.length - 22);
  end.writeUInt16LE(0xffff, 8);
  end.writeUInt16LE(0xffff, 10);
  const long = Buffer.alloc(76);
  long.write('PK\x06\x06', 0, 'latin1');
  long.writeBigUInt64LE(44n, 4);
  long.writeBigUInt64LE(1_000_000n, 24);
  long.writeBigUInt64LE(1_000_000n, 32);
  long.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40);
  long.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
  long.write('PK\x06\x07', 56, 'latin1');
  long.writeBigUInt64LE(BigInt(once.length - 22), 64);
  long.writeUInt32LE(1, 72);
  return Buffer.concat([once.subarray(0, -22), long, end]);
}

/** Its directory is one sector, shorter than an entry, that is followed by itself. */
function circularShort(): Buffer {
  const file = Buffer.alloc(1034);
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(file);
  file.writeUInt16LE(9, 30);
  file.writeUInt32LE(1, 48);
  file.writeUInt32LE(0xfffffffe, 68);
  file.fill(0xff, 80, 512);
  file.writeUInt32LE(1, 516);
  return file;
}

/** In its index. */
function manyBoxes(bytes: number): Buffer {
  const free = Buffer.from('\0\0\0\x08free', 'latin1');
  const [type, , data] = [isoMedia('isom', 'vide').subarray(0, 20), 0, Buffer.alloc(bytes - (bytes % 8), free)];
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length + 8);
  head.write('moov', 4, 'latin1');
  return Buffer.concat([type, head, data]);
}

function circular(): Buffer {
  const file = compound(['WordDocument', 'a', 'b', 'c']);
  file.writeUInt32LE(1, 512 + 4); // the first sector of the directory is followed by itself
  return file;
}

const blank = (width: number, height: number): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: 'black' }, limitInputPixels: false })
    .png({ palette: true })
    .toBuffer();
const noise = (): Promise<Buffer> =>
  sharp({
    create: {
      width: 200,
      height: 200,
      channels: 3,
      noise: { type: 'gaussian', mean: 100, sigma: 50 },
      background: 'red',
    },
  })
    .jpeg()
    .toBuffer();
const frames = (count: number, format: 'gif' | 'webp' | 'tiff'): Promise<Buffer> => {
  const data = Buffer.alloc(2 * 2 * 3 * count, 0);
  for (let i = 0; i < data.length; i++) data[i] = (i * 7) % 256;
  return sharp(data, { raw: { width: 2, height: 2 * count, channels: 3, pageHeight: 2 } })
    .toFormat(format)
    .toBuffer();
};
const nested = (levels: number, content: string): Buffer =>
  levels === 0
    ? zip([{ name: 'a.txt', data: content }])
    : zip([{ name: 'inner', data: nested(levels - 1, content), isStored: true }]);

describe('POST /files', () => {
  let world: FileWorld;
  let settings: UploadSettings;
  let eve: RegisteredUser;

  beforeAll(async () => {
    world = await FileWorld.start({
      FILE_MAX_IMAGE_BYTES: '100000',
      FILE_MAX_DOCUMENT_BYTES: '200000',
      FILE_MAX_MEDIA_BYTES: '400000',
      FILE_UPLOADS_PER_USER: '1000',
      FILE_UPLOADS_PER_ADDRESS: '1000',
      FILE_UPLOADS_PER_PROCESS: '1000',
    });
    settings = world.get(UploadSettings);
    settings.lingerMs = 1000;
    eve = await world.register('eve');
  });
  afterAll(() => world.stop());
  let before: string[];
  beforeEach(() => (before = world.filesOnDisk()));
  afterEach(async () => {
    // Rejected files are removed after the response.
    const left = (): string[] => world.filesOnDisk().filter((name) => !before.includes(name));
    while (left().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it.each(WRONG)('rejects %s as %s (%s)', async (_what, name, type, bytes) => {
    const { status, body } = await world.upload(eve, { name, type, bytes: await bytes() });
    expect([status, body.error?.code]).toEqual([415, 'INVALID_FILE_TYPE']);
  });

  it.each(LARGE)('rejects %s', async (_what, name, type, bytes) => {
    const { status, body } = await world.upload(eve, { name, type, bytes: await bytes() });
    expect([status, body.error?.code]).toEqual([413, 'FILE_TOO_LARGE']);
  });

  it.each(LATE)('rejects %s in the scan as %s, and deletes its bytes', async (_what, code, name, bytes) => {
    const { status, body } = await world.upload(eve, { name, bytes: await bytes() });
    expect([status, body.error]).toEqual([201, undefined]);
    expect(await world.scanned(eve, body.id as string)).toMatchObject({ status: 'rejected', reason: code });
    const answer = await world.fetch(eve, body.url as string);
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
      409,
      'FILE_NOT_READY',
    ]);
    expect(answer.headers.get('retry-after')).toBeNull();
  });

  it.each(['a.txt', 'a.csv'])('rejects the test file of virus scanners as %s, also across chunks', async (name) => {
    for (const before of [0, 1000, 65_500, 262_110]) {
      if (before > 200_000) continue;
      const { status, body } = await world.upload(eve, { name, bytes: Buffer.from('x'.repeat(before) + EICAR) });
      expect([status, body.error.code]).toEqual([422, 'MALWARE_DETECTED']);
    }
  });

  it.each([
    ['a picture', 'FILE_TOO_LARGE', 'a.jpg', () => with_(jpeg(), Buffer.alloc(100_000))],
    ['a document', 'FILE_TOO_LARGE', 'a.pdf', () => pdf('x'.repeat(200_000))],
    ['an archive', 'FILE_TOO_LARGE', 'a.zip', () => zip([{ name: 'a', data: Buffer.alloc(200_000), isStored: true }])],
    ['a sound', 'FILE_TOO_LARGE', 'a.mp3', () => mp3(1000)],
    ['a picture that calls itself a film', 'INVALID_FILE_TYPE', 'a.mp4', () => with_(jpeg(), Buffer.alloc(100_000))],
  ])('rejects %s beyond the size of its kind as %s', async (_what, code, name, bytes) => {
    expect((await world.upload(eve, { name, bytes: await bytes() })).body.error.code).toBe(code);
  });

  it.each(['a\0.jpg', 'a.exe%00.jpg', 'a.php.jpg', 'shell.phtml.png.jpg', 'a.asp.jpg'])(
    'rejects the name %j',
    async (name) => {
      const { status, body } = await send(form(name, await jpeg()));
      expect([status, body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    },
  );

  it.each([
    ['filename=""', 400, undefined],
    [`filename="a.jpg"; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd.jpg`, 201, 'passwd.jpg'],
    [`filename="a.jpg"; filename*=UTF-8''a.php%00.jpg`, 400, undefined],
    [`filename="a.jpg"; filename*=UTF-8''x%0D%0ASet-Cookie%3A%20a.jpg`, 201, 'x Set-Cookie_ a.jpg'],
  ])('responds to the parameter %s with %i and a cleaned name', async (parameter, status, name) => {
    const body = form('a.jpg', await jpeg())
      .toString('latin1')
      .replace('filename="a.jpg"', parameter);
    const answer = await send(Buffer.from(body, 'latin1'));
    expect([answer.status, answer.body.file_name]).toEqual([status, name]);
    if (status !== 201) return;
    await world.scanned(eve, answer.body.id as string);
    expect((await eve.call('DELETE', `/files/${answer.body.id}`)).status).toBe(204);
  });

  /** One form as it is sent. */
  function form(name: string, content: Buffer, more = ''): Buffer {
    const head = `--b\r\n${more}Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: image/jpeg\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n--b--\r\n')]);
  }

  function send(body: Buffer, type = 'multipart/form-data; boundary=b'): Promise<HttpResponse> {
    const headers = { 'content-type': type };
    return request('POST', `${world.url}/api/v1/files`, { token: eve.token, body, headers });
  }

  describe('a malformed form', () => {
    const part = (name: string, value = 'x'): string =>
      `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const FORMS: [string, () => Buffer, string?][] = [
      ['without a boundary', () => Buffer.from('x'), 'multipart/form-data; x=y'],
      ['of another boundary', () => Buffer.from(part('file')), 'multipart/form-data; boundary=other'],
      ['that ends in the middle', () => Buffer.from(part('file').slice(0, 40))],
      ['without a file', () => Buffer.from(`${part('description')}--b--\r\n`)],
      ['with a file as a field', () => Buffer.from(`${part('file')}--b--\r\n`)],
      [
        'with the file under another name',
        () => Buffer.from(form('a.jpg', Buffer.from('x')).toString().replace('"file"', '"picture"')),
      ],
      [
        'with two files',
        () => Buffer.concat([form('a.jpg', Buffer.from('x')).subarray(0, -7), form('b.jpg', Buffer.from('y'))]),
      ],
      ['with an empty name', () => Buffer.from(`${part('')}--b--\r\n`)],
      ['with a huge index', () => Buffer.from(`${part('a[999999999]')}--b--\r\n`)],
      ['with a name of a prototype', () => Buffer.from(`${part('__proto__[a]')}--b--\r\n`)],
      ['of too many fields', () => Buffer.from(`${part('a').repeat(5000)}--b--\r\n`)],
      ['of too many headers', () => Buffer.from(`--b\r\n${'X-A: b\r\n'.repeat(5000)}\r\nx\r\n--b--\r\n`)],
      ['of a huge field', () => Buffer.from(`${part('description', 'x'.repeat(100_000))}--b--\r\n`)],
      ['of a huge name', () => Buffer.from(`${part('x'.repeat(100_000))}--b--\r\n`)],
      [
        'with a NUL in a field',
        () => Buffer.from(`${part('description', 'a\0b')}${form('a.jpg', Buffer.from('x')).toString()}`),
      ],
      [
        'with an unknown field',
        () => Buffer.from(`${part('is_admin', 'true')}${form('a.jpg', Buffer.from('x')).toString()}`),
      ],
      [
        'with a conversation that is none',
        () => Buffer.from(`${part('conversation_id', '../../x')}${form('a.jpg', Buffer.from('x')).toString()}`),
      ],
    ];

    it.each(FORMS)('is rejected %s', async (...[, body, type]) => {
      const { status, body: answer } = await send(body(), type);
      expect([status, answer.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    });

    it('is rejected with two files by a message about them', async () => {
      const two = Buffer.concat([form('a.jpg', await jpeg()).subarray(0, -7), form('b.jpg', await jpeg())]);
      const { body } = await send(two);
      expect(JSON.stringify(body.error)).toContain('send each file in a request of its own');
    });

    it('leaves nothing behind when uploads are aborted, however often', async () => {
      for (let i = 0; i < 50; i++) {
        const sockets = Array.from({ length: 20 }, () => world.beginUpload(eve, 1_000_000).socket);
        for (const socket of sockets) socket.write(form('a.jpg', Buffer.alloc(20_000)).subarray(0, 10_000));
        await new Promise((resolve) => setTimeout(resolve, 5));
        for (const socket of sockets) socket.destroy();
      }
      const { status, body } = await send(form('a.jpg', await jpeg()));
      expect(status).toBe(201);
      await world.scanned(eve, body.id as string);
      await eve.call('DELETE', `/files/${body.id}`);
    });

    it('is cut off if it never ends', async () => {
      const { socket, answer } = world.beginUpload(eve);
      const chunk = (bytes: Buffer): Buffer =>
        Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
      socket.write(chunk(form('a.mp4', Buffer.alloc(100)).subarray(0, 150)));
      const dispatcher = setInterval(() => socket.write(chunk(Buffer.alloc(50_000))), 1);
      const response = await answer;
      clearInterval(dispatcher);
      expect(response).toContain('413 ');
      expect(response).toContain('FILE_TOO_LARGE');
    });

    it('is rejected before it is read if it claims a huge size', async () => {
      const { socket } = world.beginUpload(eve, 10_000_000_000);
      const answer = await new Promise((resolve) => socket.once('data', (data) => resolve(String(data))));
      socket.destroy();
      expect(answer).toContain('FILE_TOO_LARGE');
    });

    it('is cut off if it arrives byte by byte', async () => {
      const { graceMs, checkMs } = settings;
      Object.assign(settings, { graceMs: 200, checkMs: 100 });
      const { socket, answer } = world.beginUpload(eve, 10_000);
      const dispatcher = setInterval(() => socket.write('x'), 20);
      expect(await answer).toContain('408 ');
      clearInterval(dispatcher);
      Object.assign(settings, { graceMs, checkMs });
    });
  });
});
