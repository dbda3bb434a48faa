import type { Steps } from '../concurrency/steps.js';

/**
 * Stored beside the values and not in them: a changed copy of a value must not be sent with the JSON of the original.
 */
const cachedJson = new WeakMap<object, string>();

/** Stores the JSON of a value that is sent more than once. The value must not be changed afterwards. */
export function cacheJson<T extends object>(value: T, json: string): T {
  cachedJson.set(value, json);
  return value;
}

/** Returns the JSON of a value, encoded now unless it is stored. */
export function toJson(value: object): string {
  return cachedJson.get(value) ?? JSON.stringify(value);
}

/** The characters of JSON that are encoded in one step: a fraction of a millisecond. */
const STEP_CHARACTERS = 32 * 1024;
/** Elements of a list that are encoded in one step; long elements may follow many short ones. */
const MAX_ELEMENTS = 16;
/** A shorter list is encoded together with the value that contains it. */
const LONG_LIST = 8;
/** The greatest depth of a page in a response, in the dialects. */
const LEVELS = 2;

/** Encodes a response. A long list in it is encoded a few elements at a time, so that a large page is made in steps. */
export function* jsonInSteps(value: object, levels = LEVELS): Steps<string> {
  const known = cachedJson.get(value);
  if (known !== undefined) return known;
  if (!containsLongList(value, levels)) return JSON.stringify(value);
  if (Array.isArray(value)) return yield* listInSteps(value);
  const members: string[] = [];
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    const isObject = typeof member === 'object' && member !== null;
    const text = isObject ? yield* jsonInSteps(member, levels - 1) : JSON.stringify(member);
    if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${members.join()}}`;
}

function containsLongList(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return false;
  if (Array.isArray(value)) return value.length >= LONG_LIST;
  return levels > 0 && Object.values(value).some((member) => containsLongList(member, levels - 1));
}

/** Encodes as many elements at once as make about one step: several short ones, since each call has a cost. */
function* listInSteps(list: readonly unknown[]): Steps<string> {
  let json = '';
  let count = 4;
  for (let from = 0, to = count; from < list.length; from = to, to += count) {
    const text = JSON.stringify(list.slice(from, to));
    json += `${from === 0 ? '' : ','}${text.slice(1, -1)}`;
    count = Math.min(MAX_ELEMENTS, Math.max(1, Math.floor((count * STEP_CHARACTERS) / text.length)));
    if (text.length > STEP_CHARACTERS / 2) yield;
  }
  return `[${json}]`;
}

/** Longer texts are encoded to bytes beforehand; the socket would encode them in one piece. */
const LARGE = 128 * 1024;

/** Encodes a well-formed text in UTF-8 if it is large; otherwise returns undefined. */
export function* utf8InSteps(text: string): Steps<Buffer | undefined> {
  if (text.length <= LARGE) return undefined;
  const parts: Buffer[] = [];
  for (let from = 0, to: number; from < text.length; from = to) {
    to = Math.min(from + STEP_CHARACTERS, text.length);
    if (isHighSurrogate(text.charCodeAt(to - 1))) to++;
    parts.push(Buffer.from(text.slice(from, to)));
    yield;
  }
  return Buffer.concat(parts);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** A value as JSON, and in UTF-8 if that was asked for and the text is large. */
export interface EncodedJson {
  readonly json: string;
  readonly bytes: Buffer | undefined;
}

/** Encodes a value; with `asBytes` a large text in UTF-8 too. */
export function* encodeInSteps(value: object, asBytes: boolean): Steps<EncodedJson> {
  const json = yield* jsonInSteps(value);
  return { json, bytes: asBytes ? yield* utf8InSteps(json) : undefined };
}
