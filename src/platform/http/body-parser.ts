import type { NextFunction, Response } from 'express';
import { Injectable } from '@nestjs/common';
import { PayloadTooLarge, ValidationError } from '../errors/app-error.js';
import { UnsupportedMediaType } from './http-errors.js';
import type { ParleyRequest } from './parley-request.js';
import { MAX_BODY_BYTES } from '../validation/fields.js';
import { runInTurns, type Steps } from '../concurrency/steps.js';
import { MAX_KEYS, requireSafeJson, requireSmallJson } from '../validation/safe-json.js';

/** Whether the body of this request may be urlencoded; `path` is the requested path without its query. */
export type AcceptsUrlEncoded = (path: string, method: string) => boolean;

/**
 * The routes that accept `application/x-www-form-urlencoded` besides JSON. A page of any origin can send such a body
 * without a preflight, so a route may be registered here only if a bearer token is its only credential.
 */
@Injectable()
export class UrlEncodedRoutes {
  private readonly routes: AcceptsUrlEncoded[] = [];

  register(accepts: AcceptsUrlEncoded): void {
    this.routes.push(accepts);
  }

  areAcceptedAt(url: string, method: string): boolean {
    if (this.routes.length === 0) return false;
    const end = url.indexOf('?');
    const path = end < 0 ? url : url.slice(0, end);
    return this.routes.some((accepts) => accepts(path, method));
  }
}

/** How large the JSON body of a route may be. */
export interface BodyLimits {
  readonly maxBytes: number;
  /** Keys of all objects together: the parser takes longer for small objects than for long texts. */
  readonly maxKeys: number;
}

const USUAL_LIMITS: BodyLimits = { maxBytes: MAX_BODY_BYTES, maxKeys: MAX_KEYS };

/** The routes with a larger JSON body than usual. */
@Injectable()
export class LargeBodies {
  private readonly limits = new Map<string, BodyLimits>();

  register(method: string, path: string, limits: BodyLimits): void {
    this.limits.set(`${method} ${path}`, limits);
  }

  limitsAt(url: string, method: string): BodyLimits {
    if (this.limits.size === 0) return USUAL_LIMITS;
    const path = /^[^?]*?(?=\/?(?:\?|$))/.exec(url)?.[0] ?? url;
    return this.limits.get(`${method} ${path}`) ?? USUAL_LIMITS;
  }
}

/** `text/json` and `application/problem+json` are also JSON. A page cannot send any of these without a preflight. */
const JSON_TYPE = /^(?:application|text)\/(?:json|[\w.!#$&^-]{1,100}\+json)$/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded$/i;
const MULTIPART_TYPE = /^multipart\/form-data\s*;/i;
/** Bytes that continue an upload. */
const PIECE_TYPE = /^application\/offset\+octet-stream\s*(?:;|$)/i;
const CHARSET = /^charset\s*=\s*(?:"([^"]*)"|(.*))$/i;
/** US-ASCII is a subset of UTF-8. */
const UTF8_NAMES = new Set(['utf-8', 'utf8', 'us-ascii']);
const NO_JSON = 'is not JSON in UTF-8';
const utf8 = new TextDecoder('utf-8', { fatal: true });

type Middleware = (request: ParleyRequest, response: Response, next: NextFunction) => void;
type Parse = (bytes: Buffer, limits: BodyLimits) => object | Promise<object>;

/**
 * Reads JSON bodies, up to the limits of their route, and urlencoded bodies on the routes of `urlEncoded`. Uploads are
 * not read; any other type is refused with 415, also because urlencoded bodies need no preflight. Without a body,
 * `request.body` is undefined.
 */
export function bodyParser(urlEncoded: UrlEncodedRoutes, largeBodies: LargeBodies): Middleware {
  return (request, _response, next) => readBody(request, { urlEncoded, largeBodies }, next);
}

function readBody(
  request: ParleyRequest,
  { urlEncoded, largeBodies }: { urlEncoded: UrlEncodedRoutes; largeBodies: LargeBodies },
  next: NextFunction,
): void {
  const { headers } = request;
  const length = headers['content-length'];
  if (Number(length ?? 0) === 0 && headers['transfer-encoding'] === undefined) {
    next();
    return;
  }
  const type = headers['content-type'] ?? '';
  if (MULTIPART_TYPE.test(type) || PIECE_TYPE.test(type)) {
    next();
    return;
  }
  const encoding = headers['content-encoding'];
  const isPlain = encoding === undefined || encoding.toLowerCase() === 'identity';
  const parse = isPlain ? parserOf(type, request, urlEncoded) : undefined;
  if (!parse && length !== undefined) {
    next(new UnsupportedMediaType());
    return;
  }
  const limits = largeBodies.limitsAt(request.originalUrl, request.method);
  if (Number(length) > limits.maxBytes) {
    next(new PayloadTooLarge());
    return;
  }
  read(request, { parse, limits }, next);
}

function parserOf(
  type: string,
  { originalUrl, method }: ParleyRequest,
  urlEncoded: UrlEncodedRoutes,
): Parse | undefined {
  const [essence = '', ...parameters] = type.split(';').map((part) => part.trim());
  if (!parameters.every(isUtf8)) return undefined;
  if (JSON_TYPE.test(essence)) return parseJson;
  return FORM_TYPE.test(essence) && urlEncoded.areAcceptedAt(originalUrl, method) ? parseForm : undefined;
}

/** Whether a parameter of a media type is not a charset, or names UTF-8. */
function isUtf8(parameter: string): boolean {
  const [, quoted, plain] = CHARSET.exec(parameter) ?? [];
  const charset = quoted ?? plain;
  return charset === undefined || UTF8_NAMES.has(charset.trim().toLowerCase());
}

/** Reads the body to its end; without `parse` it must be empty, such as a chunked body that ends at once. */
function read(
  request: ParleyRequest,
  { parse, limits }: { parse: Parse | undefined; limits: BodyLimits },
  next: NextFunction,
): void {
  let chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    if (!parse && size === 0) next(new UnsupportedMediaType());
    size += chunk.length;
    if (size > limits.maxBytes || !parse)
      chunks = []; // the rest is read and discarded
    else chunks.push(chunk);
  });
  request.on('end', () => {
    if (!parse && size > 0) return; // already refused at its first byte
    const receive = (body: object | undefined): void => {
      if (body) request.body = body;
      next();
    };
    let body: object | Promise<object> | undefined;
    try {
      if (size > limits.maxBytes) throw new PayloadTooLarge();
      body =
        size > 0 ? parse?.(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks), limits) : undefined;
    } catch (error) {
      next(error);
      return;
    }
    if (body instanceof Promise) void body.then(receive, next);
    else receive(body);
  });
  request.on('error', () => undefined); // the client has disconnected
}

function parseJson(bytes: Buffer, limits: BodyLimits): object | Promise<object> {
  return runInTurns(readJson(bytes, limits));
}

/** Reads a body; one step of a body of a megabyte takes a few milliseconds. */
function* readJson(bytes: Buffer, { maxKeys }: BodyLimits): Steps<object> {
  const text = textOf(bytes);
  yield;
  requireSmallJson(text, maxKeys);
  yield;
  const value = parsed(text);
  yield;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw ValidationError.of('', 'must be a JSON object');
  }
  requireSafeJson(value, maxKeys);
  return value;
}

function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw ValidationError.of('', NO_JSON);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw ValidationError.of('', NO_JSON);
  }
}

/** Parses a urlencoded body, whose fields are texts. A repeated field is ambiguous and rejected. */
function parseForm(bytes: Buffer): object {
  let fields: [string, string][];
  try {
    fields = [...new URLSearchParams(utf8.decode(bytes))];
  } catch {
    throw ValidationError.of('', 'is not a urlencoded form in UTF-8');
  }
  const names = new Set(fields.map(([name]) => name));
  if (names.size < fields.length) throw ValidationError.of('', 'has a field twice');
  const value = Object.fromEntries(fields);
  requireSafeJson(value);
  return value;
}
