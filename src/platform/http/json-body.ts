import type { NextFunction, Response } from 'express';
import { PayloadTooLarge, ValidationError } from '../errors/app-error.js';
import type { FormBodies } from './form-bodies.js';
import { UnsupportedMediaType } from './http-errors.js';
import type { ParleyRequest } from './request-context.js';
import { requireSafeJson } from '../validation/safe-json.js';

export const MAX_BODY_BYTES = 256 * 1024;
const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;
const MULTIPART_TYPE = /^multipart\/form-data\s*;/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

type Middleware = (request: ParleyRequest, response: Response, next: NextFunction) => void;
type Parse = (bytes: Buffer) => object;

/**
 * Reads JSON bodies, and forms where `forms` says so. Uploads pass untouched; any other type is refused with 415, also
 * because forms need no preflight. A request without a body has the body undefined.
 */
export function jsonBody(forms: FormBodies): Middleware {
  return (request, _response, next) => readBody(request, forms, next);
}

function readBody(request: ParleyRequest, forms: FormBodies, next: NextFunction): void {
  const { headers } = request;
  const length = headers['content-length'];
  if ((length === undefined || length === '0') && headers['transfer-encoding'] === undefined) {
    next();
    return;
  }
  const type = headers['content-type'] ?? '';
  if (MULTIPART_TYPE.test(type)) {
    next();
    return;
  }
  const encoding = headers['content-encoding'];
  const parse = parserOf(type, request, forms);
  if (!parse || (encoding !== undefined && encoding !== 'identity')) {
    next(new UnsupportedMediaType());
    return;
  }
  if (Number(length) > MAX_BODY_BYTES) {
    next(new PayloadTooLarge());
    return;
  }
  read(request, parse, next);
}

function parserOf(type: string, { originalUrl, method }: ParleyRequest, forms: FormBodies): Parse | undefined {
  if (JSON_TYPE.test(type)) return parseJson;
  return FORM_TYPE.test(type) && forms.areTakenAt(originalUrl, method) ? parseForm : undefined;
}

function read(request: ParleyRequest, parse: Parse, next: NextFunction): void {
  let chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      chunks = []; // the rest is read and forgotten
    else chunks.push(chunk);
  });
  request.on('end', () => {
    try {
      if (size > MAX_BODY_BYTES) throw new PayloadTooLarge();
      request.body = parse(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    } catch (error) {
      next(error);
      return;
    }
    next();
  });
  request.on('error', () => undefined); // the client is gone, nobody waits for an answer
}

function parseJson(bytes: Buffer): object {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw ValidationError.of('', 'is not JSON in UTF-8');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw ValidationError.of('', 'must be a JSON object');
  }
  requireSafeJson(value);
  return value;
}

/** Fields of a form are texts; one that comes twice says two things. */
function parseForm(bytes: Buffer): object {
  let fields: [string, string][];
  try {
    fields = [...new URLSearchParams(utf8.decode(bytes))];
  } catch {
    throw ValidationError.of('', 'is no form in UTF-8');
  }
  const names = new Set(fields.map(([name]) => name));
  if (names.size < fields.length) throw ValidationError.of('', 'has a field twice');
  const value = Object.fromEntries(fields);
  requireSafeJson(value);
  return value;
}
