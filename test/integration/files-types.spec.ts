import { spawnSync } from 'node:child_process';
import sharp from 'sharp';
import { picture, realMedia, sampleFiles, type SampleFile, wav } from '../fixtures/sample-files.js';
import type { ImageSizeDto } from '../../src/modules/files/files.dto.js';
import type { HttpResponse } from '../support/client/http.js';
import { FileWorld } from '../support/file-world.js';
import type { RegisteredUser } from '../support/users.js';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
const NAMES =
  'jpg png gif webp avif heic heif bmp tiff pdf doc docx xls xlsx ppt pptx txt csv md json log rtf odt ods odp mp3 wav m4a ogg opus weba webm mp4 avi mov zip rar 7z';

describe('a file of an accepted type', () => {
  let world: FileWorld;
  let ada: RegisteredUser;
  let samples: Map<string, SampleFile>;

  beforeAll(async () => {
    world = await FileWorld.start();
    ada = await world.register('ada');
    samples = new Map((await sampleFiles()).map((sample) => [sample.name.slice(2), sample]));
  });
  afterAll(() => world.stop());

  it.each(NAMES.split(' '))('is accepted, becomes ready, and is served: %s', async (extension) => {
    const sample = samples.get(extension)!;
    const { status, body } = await world.upload(ada, sample);
    expect([status, body]).toEqual([201, expect.objectContaining({ status: 'scanning', file_type: sample.type })]);
    const file = await world.scanned(ada, body.id as string);
    expect(file).toMatchObject({ status: 'ready', file_name: sample.name, file_category: sample.category });
    const answer = await world.fetch(ada, file.url as string);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect([answer.status, bytes.length]).toEqual([200, file.file_size]);
    expect(answer.headers.get('content-type')).toBe(sample.type + (/^text/.test(sample.type) ? '; charset=utf-8' : ''));
    if (sample.category !== 'image') expect(bytes.equals(sample.bytes)).toBe(true);
  });

  it.each([
    ['mp3', 1.045],
    ['wav', 2],
    ['m4a', 4],
    ['ogg', 3],
    ['mp4', 4],
    ['mov', 4],
    ['avi', 5],
    ['webm', 6],
  ])('has a duration: %s', async (extension, seconds) => {
    const { body } = await world.upload(ada, samples.get(extension)!);
    expect(body.duration).toBeCloseTo(seconds, 2);
  });

  it.each(['jpg', 'png', 'gif', 'webp', 'avif', 'bmp', 'tiff'])(
    'has a size, a blurhash and a thumbnail: %s',
    async (extension) => {
      const file = await world.ready(ada, samples.get(extension)!);
      const [width, height] = extension === 'bmp' ? [5, 3] : [64, 48];
      expect(file).toMatchObject({ width, height, blurhash: expect.stringMatching(/^.{20,}$/) });
      const thumbnail = await world.fetch(ada, file.thumbnail_url as string);
      expect(thumbnail.headers.get('content-type')).toBe('image/webp');
    },
  );

  it('has thumbnails of up to three sizes, none larger than the image', async () => {
    const sizesOf = async (width: number, height: number) => {
      const bytes = await picture(width, height).jpeg().toBuffer();
      return world.ready(ada, { name: 'photo.jpg', type: 'image/jpeg', category: 'image', bytes });
    };
    const [small, middle, huge] = [await sizesOf(64, 48), await sizesOf(300, 800), await sizesOf(2400, 1200)];
    const named = (file: HttpResponse['body']) =>
      file.image_sizes.map(({ name, width, height }: ImageSizeDto) => [name, width, height]);
    expect(named(small)).toEqual([['small', 64, 48]]);
    expect(named(middle)).toEqual([
      ['small', 150, 400],
      ['medium', 300, 800],
    ]);
    expect(named(huge)).toEqual([
      ['small', 400, 200],
      ['medium', 1000, 500],
      ['large', 2000, 1000],
    ]);
    const widthOf = async (path: string): Promise<number> => {
      const answer = await world.fetch(ada, path);
      return (await sharp(Buffer.from(await answer.arrayBuffer())).metadata()).width;
    };
    for (const { url, width } of huge.image_sizes) expect(await widthOf(url as string)).toBe(width);
    expect(await widthOf(huge.thumbnail_url as string)).toBe(400);
    expect(await widthOf(`${middle.thumbnail_url as string}?size=large`)).toBe(300);
    const signed = await ada.call('POST', '/files/addresses', { file_ids: [huge.id], size: 'large' });
    const { thumbnail_url: url } = signed.body.data[0];
    const answer = await world.fetch(undefined, url as string);
    expect((await sharp(Buffer.from(await answer.arrayBuffer())).metadata()).width).toBe(2000);
    expect((await world.fetch(undefined, (url as string).replace('large', 'medium'))).status).toBe(401);
    await ada.call('DELETE', `/files/${huge.id as string}`);
    expect(world.filesOnDisk().filter((name) => name.startsWith(huge.id as string))).toEqual([]);
  });

  it('has a waveform if it is a WAV', async () => {
    const sound = wav();
    const length = (sound.length - 44) / 2;
    for (let at = 0; at < length; at++) {
      const loudness = at < length / 2 ? 0 : at < (length * 3) / 4 ? 0.5 : 1;
      sound.writeInt16LE(Math.round((at % 2 === 0 ? 1 : -1) * loudness * 32_767), 44 + 2 * at);
    }
    const file = await world.ready(ada, { name: 'note.wav', type: 'audio/wav', category: 'audio', bytes: sound });
    expect(file.waveform).toEqual([
      ...Array.from({ length: 32 }, () => 0),
      ...Array.from({ length: 16 }, () => 50),
      ...Array.from({ length: 16 }, () => 100),
    ]);
  });

  const waveformOf = async (name: string, type: string, bytes = realMedia(name)): Promise<number[] | undefined> => {
    const file = await world.ready(ada, { name, type, category: 'audio', bytes });
    expect(file).toMatchObject({ status: 'ready', file_category: 'audio' });
    return file.waveform as number[] | undefined;
  };
  /** A second of silence, then a second of half the full loudness. */
  const expectKnownSignal = (waveform: number[] | undefined): void => {
    expect(waveform).toHaveLength(64);
    expect(Math.max(...waveform!.slice(0, 28))).toBeLessThanOrEqual(5);
    expect(Math.min(...waveform!.slice(36, 60))).toBeGreaterThanOrEqual(40);
    expect(Math.max(...waveform!)).toBeLessThanOrEqual(75);
  };

  it.each([
    ['opus.ogg', 'audio/ogg'],
    ['opus.weba', 'audio/webm'],
    ['vorbis.ogg', 'audio/ogg'],
    ['layer3.mp3', 'audio/mpeg'],
  ])('has the waveform of its sound: %s', async (name, type) => {
    expectKnownSignal(await waveformOf(name, type));
  });

  it('has no waveform if its sound cannot be decoded', async () => {
    expect(await waveformOf('a.weba', 'audio/webm', samples.get('weba')!.bytes)).toBeUndefined();
    expect(await waveformOf('a.ogg', 'audio/ogg', withoutCodec(realMedia('opus.ogg')))).toBeUndefined();
  });

  (hasFfmpeg ? it : it.skip)('has the waveform of its sound with ffmpeg: aac.m4a', async () => {
    expectKnownSignal(await waveformOf('aac.m4a', 'audio/mp4'));
  });

  (hasFfmpeg ? it : it.skip)('has thumbnails of a frame at a tenth of its duration if it is a video', async () => {
    const bytes = realMedia('red-then-blue.mp4');
    const file = await world.ready(ada, { name: 'a.mp4', type: 'video/mp4', category: 'video', bytes });
    expect(file).toMatchObject({ status: 'ready', image_sizes: [{ name: 'small', width: 96, height: 64 }] });
    expect(file.blurhash).toEqual(expect.any(String));
    const answer = await world.fetch(ada, file.thumbnail_url as string);
    expect(answer.headers.get('content-type')).toBe('image/webp');
    const { dominant } = await sharp(Buffer.from(await answer.arrayBuffer())).stats();
    expect(dominant.b).toBeGreaterThan(200);
    await ada.call('DELETE', `/files/${file.id as string}`);
    expect(world.filesOnDisk().filter((name) => name.startsWith(file.id as string))).toEqual([]);
  });

  it.each([
    ['main.ts', 'video/mp2t'],
    ['app.py', 'text/x-python'],
    ['config.yaml', ''],
    ['query.sql', 'application/sql'],
    ['captions.vtt', 'text/vtt'],
  ])('may be source code, which is served as a plain text: %s', async (name, type) => {
    const file = await world.ready(ada, { name, type, category: 'document', bytes: Buffer.from('let answer = 42;\n') });
    expect(file).toMatchObject({ status: 'ready', file_name: name, file_type: 'text/plain' });
    const answer = await world.fetch(ada, file.url as string);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
  });

  it('may have 260 frames, and keeps them', async () => {
    const size = { width: 64, height: 48 };
    const pixels = Buffer.alloc(size.width * size.height * 260, 0);
    for (let at = 0; at < pixels.length; at++) pixels[at] = Math.floor(at / (size.width * size.height)) + (at % 7);
    const raw = { width: size.width, height: size.height * 260, channels: 1, pageHeight: size.height } as const;
    const bytes = await sharp(pixels, { raw }).gif({ effort: 1 }).toBuffer();
    const file = await world.ready(ada, { name: 'long.gif', type: 'image/gif', category: 'image', bytes });
    expect(file).toMatchObject({ status: 'ready', ...size });
    const answer = await world.fetch(ada, file.url as string);
    expect((await sharp(Buffer.from(await answer.arrayBuffer())).metadata()).pages).toBe(260);
  });

  it('is a JPEG and thumbnails of the same picture if browsers cannot display it', async () => {
    const sample = samples.get('heif')!;
    expect(sample.bytes.includes('GPS') || sample.bytes.includes('Phone')).toBe(true);
    const file = await world.ready(ada, sample);
    expect(file).toMatchObject({ status: 'ready', file_type: 'image/heif', width: 96, height: 64 });
    expect(file.blurhash).toEqual(expect.any(String));
    expect(file.image_sizes).toMatchObject([{ name: 'small' }, { name: 'full', width: 96, height: 64 }]);
    const shown = await world.fetch(ada, `/api/v1/files/${file.id}/thumbnail?size=full`);
    expect(shown.headers.get('content-type')).toBe('image/jpeg');
    const jpeg = sharp(Buffer.from(await shown.arrayBuffer()));
    const metadata = await jpeg.metadata();
    expect(metadata).toMatchObject({ format: 'jpeg', width: 96, height: 64 });
    expect(metadata).not.toHaveProperty('exif');
    const { data } = await jpeg.raw().toBuffer({ resolveWithObject: true });
    const colours = [
      [0, 0],
      [95, 63],
    ].map(([x = 0, y = 0]) => [...data.subarray((y * 96 + x) * 3, (y * 96 + x) * 3 + 3)]);
    expect(colours[0]![0]).toBeGreaterThan(180);
    expect(colours[1]![2]).toBeGreaterThan(150);
    const original = Buffer.from(await (await world.fetch(ada, file.url as string)).arrayBuffer());
    expect([original.length, original.includes('Phone')]).toEqual([sample.bytes.length, false]);
  });

  it('has no metadata even if its pixels are unchanged, and no thumbnail without a decoder', async () => {
    for (const [extension, hasThumbnail] of [
      ['avif', true],
      ['heic', false],
    ] as const) {
      const sample = samples.get(extension)!;
      expect(sample.bytes.includes('secret place')).toBe(true);
      const file = await world.ready(ada, sample);
      expect([file.status, file.width, 'thumbnail_url' in file]).toEqual(['ready', 64, hasThumbnail]);
      const shown = Buffer.from(await (await world.fetch(ada, file.url as string)).arrayBuffer());
      expect([shown.length, shown.includes('secret place')]).toEqual([sample.bytes.length, false]);
      expect((await world.fetch(ada, `/api/v1/files/${file.id}/thumbnail`)).status).toBe(hasThumbnail ? 200 : 404);
    }
  });

  it.each([
    'BMW;Audi\n1;2\n',
    'GIFs of the week',
    'GIF89a is a format',
    'FORMULAR A',
    'MZ,Mosambik,Maputo,25.97,32.58,a row that is longer than the header of a program\n',
    'ID3 is a kind of tag',
    'BZh9 was here',
    'PK is short for penalty kick',
    '%PDF is a format',
    '%PDF-1.4 is the version of it',
    'RIFF of the day, WAVEfmt and all',
    'OggS and others',
    'Rar! said the crow',
    '{\\rtf is how it begins',
    'II*III',
  ])('is text although it begins with the bytes of another format: %j', async (content) => {
    for (const name of ['a.txt', 'a.csv']) {
      const { status, body } = await world.upload(ada, { name, bytes: Buffer.from(content) });
      expect([status, body.error]).toEqual([201, undefined]);
    }
  });

  it.each([
    ['utf-8', Buffer.from('Größe;1')],
    ['utf-16le', Buffer.from('\ufeffGröße;1', 'utf16le')],
    ['utf-16be', Buffer.from('\ufeffGröße;1', 'utf16le').swap16()],
    ['windows-1252', Buffer.from('Größe;1', 'latin1')],
  ])('is text in %s, and is served with that charset', async (charset, bytes) => {
    const file = await world.ready(ada, { ...samples.get('csv')!, bytes });
    const answer = await world.fetch(ada, file.url as string);
    expect(answer.headers.get('content-type')).toBe(`text/csv; charset=${charset}`);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(new TextDecoder(charset).decode(await answer.arrayBuffer())).toBe('Größe;1');
  });

  it.each([
    ['csv', 'a.csv', 'text/comma-separated-values', 'text/csv'],
    ['csv', 'a.csv', 'application/vnd.ms-excel', 'text/csv'],
    ['csv', 'a.csv', 'text/x-csv', 'text/csv'],
    ['csv', 'a.csv', 'application/csv', 'text/csv'],
    ['csv', 'a.csv', 'text/plain', 'text/csv'],
    ['csv', 'a.csv', 'application/octet-stream', 'text/csv'],
    ['docx', 'a.docx', 'application/zip', `application/vnd.openxmlformats-officedocument.wordprocessingml.document`],
    ['mp3', 'a.mp3', 'audio/x-mp3', 'audio/mpeg'],
    ['mp3', 'a.mp3', 'audio/mp3', 'audio/mpeg'],
    ['m4a', 'a.mp4', 'audio/mp4', 'audio/mp4'],
    ['m4a', 'a.mp4', 'video/mp4', 'audio/mp4'],
    ['weba', 'a.webm', 'audio/webm;codecs=opus', 'audio/webm'],
    ['jpg', 'a.jfif', 'image/jpeg', 'image/jpeg'],
    ['jpg', 'a.JPEG', 'image/jpg', 'image/jpeg'],
    ['heic', 'a.HEIC', 'image/heif', 'image/heic'],
  ])('is accepted as %s named %s and declared as %s', async (extension, name, type, detected) => {
    const { status, body } = await world.upload(ada, { ...samples.get(extension)!, name, type });
    expect([status, body.file_type, body.error]).toEqual([201, detected, undefined]);
  });

  it.each([
    ['jpg', 'blob', 'image/jpeg', 'blob.jpg'],
    ['pdf', 'Invoice', '', 'Invoice.pdf'],
    ['csv', 'blob', 'text/csv', 'blob.csv'],
    ['txt', 'README', '', 'README.txt'],
    ['webm', 'blob', 'video/webm', 'blob.webm'],
  ])('gets the extension of its type: %s named %s', async (extension, name, type, kept) => {
    const { status, body } = await world.upload(ada, { ...samples.get(extension)!, name, type });
    expect([status, body.file_name]).toEqual([201, kept]);
  });

  it('is a PDF with bytes after its end, unless they are another file', async () => {
    const { bytes } = samples.get('pdf')!;
    const behind = (more: Buffer) => ({ name: 'a.pdf', bytes: Buffer.concat([bytes, more]) });
    expect((await world.upload(ada, behind(Buffer.alloc(3000, 0x20)))).status).toBe(201);
    expect((await world.upload(ada, behind(Buffer.from('\n<!-- served in 3 ms -->\n')))).status).toBe(201);
    expect((await world.upload(ada, behind(samples.get('zip')!.bytes))).status).toBe(415);
  });

  it('keeps a percent sign in its name', async () => {
    const file = await world.ready(ada, { ...samples.get('txt')!, name: '100% done.txt' });
    expect(file.file_name).toBe('100% done.txt');
    const answer = await world.fetch(ada, file.url as string);
    expect(answer.headers.get('content-disposition')).toContain("filename*=UTF-8''100%25%20done.txt");
  });

  it.each([
    ['a panorama', 16_000, 3_000],
    ['a long screenshot', 1_080, 20_000],
  ])('is an image with unusual dimensions: %s', async (_what, width, height) => {
    const bytes = await picture(width, height).jpeg().toBuffer();
    expect(await world.ready(ada, { ...samples.get('jpg')!, bytes })).toMatchObject({ status: 'ready', width, height });
  });
});

/** The name of the codec is all that the check of an upload reads of an Ogg; the pages after it are broken here. */
function withoutCodec(ogg: Buffer): Buffer {
  const broken = Buffer.from(ogg);
  broken.write('XXXX', broken.indexOf('OggS', 10), 'latin1');
  return broken;
}
