import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { NextFunction, Request, Response } from 'express';

/** Higher qualities save little more and take seconds. */
const BROTLI_QUALITY = 7;

const compress = { br: promisify(brotliCompress), gzip: promisify(gzip) };
const ENCODINGS = ['br', 'gzip', 'identity'] as const;
type Encoding = (typeof ENCODINGS)[number];

interface Encoded {
  /** A weak validator: it is the same for the document in every encoding. */
  readonly etag: string;
  readonly bytes: Readonly<Record<Encoding, Buffer>>;
}

/**
 * A JSON document that does not change while the process runs. It is built, serialised and compressed once, at the
 * first request for it; a client that already has it (`If-None-Match`) receives 304.
 */
export class CachedJsonDocument {
  private encoded: Promise<Encoded> | undefined;

  constructor(private readonly make: () => object) {}

  /** The handler of the document's route. */
  readonly serve = (request: Request, response: Response, next: NextFunction): void => {
    this.respond(request, response).catch(next);
  };

  private async respond(request: Request, response: Response): Promise<void> {
    const { etag, bytes } = await (this.encoded ??= this.encode());
    const encoding = (request.acceptsEncodings([...ENCODINGS]) || 'identity') as Encoding;
    response.vary('Accept-Encoding');
    response.setHeader('Cache-Control', 'no-cache');
    response.setHeader('ETag', etag);
    if (matchesEtag(request.headers['if-none-match'], etag)) {
      response.status(304).end();
      return;
    }
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    if (encoding !== 'identity') response.setHeader('Content-Encoding', encoding);
    response.setHeader('Content-Length', bytes[encoding].length);
    response.end(bytes[encoding]);
  }

  private async encode(): Promise<Encoded> {
    const identity = Buffer.from(JSON.stringify(this.make()));
    const [br, gzipped] = await Promise.all([
      compress.br(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
      compress.gzip(identity),
    ]);
    const etag = `W/"${createHash('sha256').update(identity).digest('base64url')}"`;
    return { etag, bytes: { br, gzip: gzipped, identity } };
  }
}

/** Whether the client already has the document (RFC 9110, 13.1.2). */
function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
  return (ifNoneMatch ?? '').split(',').some((tag) => tag.trim() === '*' || opaque(tag) === opaque(etag));
}
