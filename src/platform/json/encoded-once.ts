import type { Steps } from '../process/in-turns.js';

/** Beside the values, not in them: a copy of a value that was changed must not be taken for its JSON. */
const texts = new WeakMap<object, string>();

/** Remembers the JSON of a value that goes out more than once; nobody changes the value afterwards. */
export function encodedAs<T extends object>(value: T, json: string): T {
  texts.set(value, json);
  return value;
}

/** The JSON of a value, made now unless it is remembered. */
export function jsonOf(value: object): string {
  return texts.get(value) ?? JSON.stringify(value);
}

/** So many characters of JSON are made without asking for the time: a fraction of a millisecond. */
const STEP_CHARACTERS = 32 * 1024;
/** Elements of a list; they may be long after many short ones. */
const MOST_AT_ONCE = 16;
/** A shorter list is encoded with what it stands in. */
const LONG_LIST = 8;
/** So deep under an answer its page stands at most, in the dialects. */
const LEVELS = 2;

/** The JSON of an answer. A long list in it is encoded element by element, so that a large page can be made in turns. */
export function* jsonInSteps(value: object, levels = LEVELS): Steps<string> {
  const known = texts.get(value);
  if (known !== undefined) return known;
  if (!holdsLongList(value, levels)) return JSON.stringify(value);
  if (Array.isArray(value)) return yield* listInSteps(value);
  const members: string[] = [];
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    const isObject = typeof member === 'object' && member !== null;
    const text = isObject ? yield* jsonInSteps(member, levels - 1) : JSON.stringify(member);
    if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${members.join()}}`;
}

function holdsLongList(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return false;
  if (Array.isArray(value)) return value.length >= LONG_LIST;
  return levels > 0 && Object.values(value).some((member) => holdsLongList(member, levels - 1));
}

/** As many elements at once as make about one step: of short ones several, since each call has its price. */
function* listInSteps(list: readonly unknown[]): Steps<string> {
  let json = '';
  let count = 4;
  for (let from = 0, to = count; from < list.length; from = to, to += count) {
    const text = JSON.stringify(list.slice(from, to));
    json += `${from === 0 ? '' : ','}${text.slice(1, -1)}`;
    count = Math.min(MOST_AT_ONCE, Math.max(1, Math.floor((count * STEP_CHARACTERS) / text.length)));
    if (text.length > STEP_CHARACTERS / 2) yield;
  }
  return `[${json}]`;
}

/** Of more characters the bytes are made beforehand: the socket would encode them in one piece. */
const LARGE = 128 * 1024;

/** Well-formed text in UTF-8, where it is large. */
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
