import type { IncomingHttpHeaders } from 'node:http';
import { ValidationError } from '../../../platform/errors/app-error.js';
import { UnsupportedMediaType } from '../../../platform/http/http-errors.js';
import { InputValidator } from '../../../platform/validation/input-validator.js';
import { requireSafeJson } from '../../../platform/validation/safe-json.js';
import { NewUploadDto } from './resumable-uploads.dto.js';

/** The type of a body that continues an upload. */
const BODY_TYPE = 'application/offset+octet-stream';
const NUMBER = /^\d{1,15}$/;
/** A pair of `Upload-Metadata`: a name, and its value in base64 unless that is empty. */
const PAIR = /^([\x21-\x2b\x2d-\x7e]{1,100})(?: ([A-Za-z0-9+/]{0,8000}={0,2}))?$/;
const MAX_METADATA = 16 * 1024;
/** The names under which clients send a field; those of the specification's examples first. */
const NAMES: Readonly<Record<string, keyof NewUploadDto>> = {
  filename: 'filename',
  name: 'filename',
  filetype: 'filetype',
  type: 'filetype',
  conversation_id: 'conversation_id',
  description: 'description',
};
const INPUT = new InputValidator(NewUploadDto);

/**
 * Reads `Upload-Length` and `Upload-Metadata`. Metadata with other names is ignored, because clients send their own.
 * @throws ValidationError
 */
export function newUploadOf(headers: IncomingHttpHeaders): NewUploadDto {
  const length = numberIn(headers, 'Upload-Length');
  const fields: Record<string, unknown> = { length };
  for (const [name, value] of pairsOf(headers['upload-metadata'])) {
    const field = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
    if (field !== undefined) fields[field] ??= value;
  }
  requireSafeJson(fields);
  return INPUT.read(fields);
}

/** The offset at which a body continues an upload. @throws ValidationError */
export function offsetOf(headers: IncomingHttpHeaders): number {
  return numberIn(headers, 'Upload-Offset');
}

/** Whether there is a body that continues an upload. @throws UnsupportedMediaType for a body of another type */
export function hasUploadBody(headers: IncomingHttpHeaders): boolean {
  const type = headers['content-type'];
  if (type?.split(';', 1)[0]?.trim().toLowerCase() === BODY_TYPE) return true;
  const isEmpty = Number(headers['content-length'] ?? 0) === 0 && headers['transfer-encoding'] === undefined;
  if (!isEmpty) throw new UnsupportedMediaType();
  return false;
}

function numberIn(headers: IncomingHttpHeaders, name: string): number {
  const text = headers[name.toLowerCase()];
  if (text === undefined) throw ValidationError.of(name, 'is required');
  if (typeof text !== 'string' || !NUMBER.test(text)) throw ValidationError.of(name, 'must be a number of bytes');
  return Number(text);
}

function* pairsOf(header: string | string[] | undefined): Generator<[name: string, value: string]> {
  const text = [header ?? ''].flat().join(',');
  if (text.length > MAX_METADATA) throw ValidationError.of('Upload-Metadata', 'is too long');
  for (const pair of text === '' ? [] : text.split(',')) {
    const [, name, value = ''] = PAIR.exec(pair.trim()) ?? [];
    if (name === undefined)
      throw ValidationError.of('Upload-Metadata', 'must be pairs of a name and a value in base64');
    yield [name, textOf(value)];
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(base64: string): string {
  try {
    return utf8.decode(Buffer.from(base64, 'base64'));
  } catch {
    throw ValidationError.of('Upload-Metadata', 'has a value that is not UTF-8');
  }
}
