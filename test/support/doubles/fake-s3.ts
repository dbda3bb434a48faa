import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Environment } from '../../../src/platform/config/config.js';

const KEY_ID = 'test-key';
const SECRET = 'test-secret-of-the-store';
const PART_MIN = 5 * 1024 * 1024;

/** Uploads on one page of a list. */
const PAGE = 2;

interface UnderWay {
  readonly key: string;
  begunAt: Date;
  readonly parts: Map<number, Buffer>;
}

/** A store that implements the used part of S3, and refuses requests without a valid signature. */
export class FakeS3 {
  readonly objects = new Map<string, { bytes: Buffer; type: string }>();
  readonly uploads = new Map<string, UnderWay>();
  /** Method and path of every accepted request. */
  readonly requests: string[] = [];
  isBroken = false;
  /** Responds to requests for an object in place of the store. */
  onGet: ((response: ServerResponse) => void) | undefined;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<FakeS3> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const store = new FakeS3(server, (server.address() as AddressInfo).port);
    server.on('request', (request, response) => void store.serve(request, response));
    return store;
  }

  get environment(): Environment {
    return {
      STORAGE: 's3',
      S3_ENDPOINT: `http://127.0.0.1:${this.port}`,
      S3_BUCKET: 'files',
      S3_ACCESS_KEY_ID: KEY_ID,
      S3_SECRET_ACCESS_KEY: SECRET,
    };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '', `http://${request.headers.host}`);
    if (!isSigned(request, url, body))
      return void answer(response, 403, '<Error><Code>SignatureDoesNotMatch</Code></Error>');
    if (this.isBroken) return void answer(response, 503, '<Error><Code>SlowDown</Code></Error>');
    this.requests.push(`${request.method} ${url.pathname}`);
    this.act(request, response, url, body);
  }

  private act(request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer): void {
    const key = url.pathname.slice('/files/'.length);
    const upload = url.searchParams.get('uploadId') ?? '';
    const type = request.headers['content-type'] ?? '';
    if (request.method === 'POST' && url.searchParams.has('uploads')) {
      const id = randomUUID();
      this.uploads.set(id, { key, begunAt: new Date(), parts: new Map() });
      const result = `<InitiateMultipartUploadResult><Bucket>files</Bucket><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
      return answer(response, 200, result);
    }
    if (request.method === 'GET' && url.searchParams.has('uploads')) {
      return this.list(response, url.searchParams.get('upload-id-marker') ?? undefined);
    }
    if (request.method === 'GET' && url.searchParams.has('list-type')) {
      return this.listObjects(response, url.searchParams.get('continuation-token') ?? undefined);
    }
    if (request.method === 'PUT' && upload) {
      this.uploads.get(upload)?.parts.set(Number(url.searchParams.get('partNumber')), body);
      response.setHeader('ETag', etag(body));
      return answer(response, 200);
    }
    if (request.method === 'POST' && upload) return this.complete(response, key, upload);
    if (request.method === 'DELETE' && upload) {
      this.uploads.delete(upload);
      return answer(response, 204);
    }
    if (request.method === 'PUT') {
      this.objects.set(key, { bytes: body, type });
      response.setHeader('ETag', etag(body));
      return answer(response, 200);
    }
    if (request.method === 'DELETE') {
      this.objects.delete(key);
      return answer(response, 204);
    }
    if (this.onGet) return this.onGet(response);
    this.get(request, response, url, key);
  }

  private list(response: ServerResponse, after: string | undefined): void {
    const all = [...this.uploads];
    const from = after === undefined ? 0 : all.findIndex(([id]) => id === after) + 1;
    const page = all.slice(from, from + PAGE);
    const shown = page.map(
      ([id, { key, begunAt }]) =>
        `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${begunAt.toISOString()}</Initiated></Upload>`,
    );
    const [lastId, last] = page.at(-1) ?? ['', undefined];
    const isTruncated = from + PAGE < all.length;
    const next = isTruncated
      ? `<NextKeyMarker>${last?.key}</NextKeyMarker><NextUploadIdMarker>${lastId}</NextUploadIdMarker>`
      : '';
    const result = `<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>files</Bucket>${next}<IsTruncated>${isTruncated}</IsTruncated>${shown.join('')}</ListMultipartUploadsResult>`;
    answer(response, 200, result);
  }

  private listObjects(response: ServerResponse, after: string | undefined): void {
    const all = [...this.objects];
    const from = after === undefined ? 0 : all.findIndex(([key]) => key === after) + 1;
    const page = all.slice(from, from + PAGE);
    const shown = page.map(([key, { bytes }]) => `<Contents><Key>${key}</Key><Size>${bytes.length}</Size></Contents>`);
    const isTruncated = from + PAGE < all.length;
    const next = isTruncated ? `<NextContinuationToken>${page.at(-1)?.[0]}</NextContinuationToken>` : '';
    const result = `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>files</Name>${next}<IsTruncated>${isTruncated}</IsTruncated>${shown.join('')}</ListBucketResult>`;
    answer(response, 200, result);
  }

  /** Creates an incomplete multipart upload of that time. */
  addIncompleteUpload(key: string, begunAt: Date): string {
    const id = randomUUID();
    this.uploads.set(id, { key, begunAt, parts: new Map([[1, Buffer.alloc(10)]]) });
    return id;
  }

  private complete(response: ServerResponse, key: string, upload: string): void {
    const parts = [...(this.uploads.get(upload)?.parts ?? [])].sort(([a], [b]) => a - b).map(([, part]) => part);
    if (parts.slice(0, -1).some((part) => part.length < PART_MIN))
      return answer(response, 400, '<Error><Code>EntityTooSmall</Code></Error>');
    const bytes = Buffer.concat(parts);
    this.objects.set(key, { bytes, type: '' });
    this.uploads.delete(upload);
    const result = `<CompleteMultipartUploadResult><Location>x</Location><Bucket>files</Bucket><Key>${key}</Key><ETag>${etag(bytes)}</ETag></CompleteMultipartUploadResult>`;
    answer(response, 200, result);
  }

  private get(request: IncomingMessage, response: ServerResponse, url: URL, key: string): void {
    const object = this.objects.get(key);
    if (!object) return answer(response, 404, '<Error><Code>NoSuchKey</Code></Error>');
    const { searchParams } = url;
    response.setHeader('Content-Type', searchParams.get('response-content-type') ?? object.type);
    const disposition = searchParams.get('response-content-disposition');
    if (disposition) response.setHeader('Content-Disposition', disposition);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    response
      .writeHead(range ? 206 : 200)
      .end(range ? object.bytes.subarray(Number(range[1]), Number(range[2]) + 1) : object.bytes);
  }
}

function answer(response: ServerResponse, status: number, xml = ''): void {
  response
    .writeHead(status, xml ? { 'content-type': 'application/xml' } : {})
    .end(xml && `<?xml version="1.0"?>${xml}`);
}

function etag(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** Signature version 4, in a header or in the URL. */
function isSigned(request: IncomingMessage, url: URL, body: Buffer): boolean {
  const said = signatureOf(request, url);
  if (!said) return false;
  const { scope, signed, signature, date, payload } = said;
  const [keyId, day, region, service] = scope.split('/');
  if (keyId !== KEY_ID || service !== 's3') return false;
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(body)) return false;
  const age = Date.now() - Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(age) < said.goodFor * 1000)) return false;
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headers = signed.split(';').map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`);
  const canonical = [request.method, url.pathname, query, headers.join(''), signed, payload].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, `${day}/${region}/s3/aws4_request`, sha256(canonical)].join('\n');
  const key = ['s3', 'aws4_request'].reduce<Buffer>(hmac, hmac(hmac(`AWS4${SECRET}`, day!), region!));
  const right = hmac(key, text);
  const given = Buffer.from(signature, 'hex');
  return given.length === right.length && timingSafeEqual(given, right);
}

function signatureOf(request: IncomingMessage, url: URL) {
  const inAddress = url.searchParams.get('X-Amz-Signature');
  if (inAddress) {
    const param = (name: string): string => url.searchParams.get(`X-Amz-${name}`) ?? '';
    return {
      scope: param('Credential'),
      signed: param('SignedHeaders'),
      signature: inAddress,
      date: param('Date'),
      payload: 'UNSIGNED-PAYLOAD',
      goodFor: Number(param('Expires')),
    };
  }
  const parts = /Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]+)/.exec(
    request.headers.authorization ?? '',
  );
  if (!parts) return undefined;
  return {
    scope: parts[1]!,
    signed: parts[2]!,
    signature: parts[3]!,
    date: String(request.headers['x-amz-date']),
    payload: String(request.headers['x-amz-content-sha256']),
    goodFor: 900,
  };
}
