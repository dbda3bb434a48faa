import { type FieldProblem, ValidationError } from '../errors/app-error.js';

const MAX_DEPTH = 20;
/** Keys of a value, unless its route accepts more. */
export const MAX_KEYS = 1000;
/** Members of lists and objects in total. */
const MAX_VALUES = 20_000;
/** Keys with which copying an object would change the prototype of other objects. */
const POISONED_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

const TOO_DEEP = `must not be nested deeper than ${MAX_DEPTH} levels`;
const tooManyKeys = (maxKeys: number): string => `must not have more than ${maxKeys} keys`;
const TOO_MANY_VALUES = `must not have more than ${MAX_VALUES} values`;
const NUMBER_REASON = 'must not be a number beyond ±(2^53 − 1): send it as text';

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c] as const;
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d] as const;

interface Branch {
  readonly value: object;
  readonly parent: Branch | undefined;
  readonly key: string | number;
  readonly depth: number;
}

/**
 * Rejects a parsed JSON value that contains what PostgreSQL cannot store (NUL, half surrogate pairs), what only an
 * attack would send (extreme depth, thousands of keys, keys of prototypes), or numbers that parsing has changed: whole
 * numbers from 2^53 on, and numbers beyond the range of a double (`1e999`). An exact 2^53 is also rejected, since it
 * may be a rounded number. Fractions are rounded to the nearest double. Bodies and frames are checked before anything
 * else reads them.
 *
 * @throws ValidationError
 */
export function requireSafeJson(value: unknown, maxKeys = MAX_KEYS): void {
  const problem = findProblem(value, maxKeys);
  if (problem) throw new ValidationError([problem]);
}

/**
 * Rejects JSON text with more levels, keys or values than `requireSafeJson` accepts, before it is parsed: a quarter of
 * a megabyte of small objects takes the parser tens of milliseconds, and this check one. Text that is not JSON may
 * pass.
 *
 * @throws ValidationError
 */
export function requireSmallJson(text: string, maxKeys = MAX_KEYS): void {
  let [depth, keys, values] = [0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) at = endOfString(text, at);
    else if (sign === OPEN_BRACE || sign === OPEN_BRACKET) {
      if (++depth > MAX_DEPTH) throw ValidationError.of('', TOO_DEEP);
    } else if (sign === CLOSE_BRACE || sign === CLOSE_BRACKET) depth--;
    else if (sign === COLON && ++keys > maxKeys) throw ValidationError.of('', tooManyKeys(maxKeys));
    else if (sign === COMMA && ++values > MAX_VALUES) throw ValidationError.of('', TOO_MANY_VALUES);
  }
}

/** The position of the quotation mark that ends a string. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === BACKSLASH) at++;
    else if (sign === QUOTE) return at;
  }
  return text.length;
}

/** Linear, and without recursion, because the client chooses the depth of the value. */
function findProblem(value: unknown, maxKeys: number): FieldProblem | undefined {
  if (typeof value === 'string') return problemOfText(value, () => '');
  if (typeof value === 'number' && isChanged(value)) return { field: '', reason: NUMBER_REASON };
  if (typeof value !== 'object' || value === null) return undefined;
  const pending: Branch[] = [{ value, parent: undefined, key: '', depth: 1 }];
  let keys = 0;
  for (let branch = pending.pop(); branch; branch = pending.pop()) {
    if (branch.depth > MAX_DEPTH) return { field: '', reason: TOO_DEEP };
    if (ArrayBuffer.isView(branch.value) || branch.value instanceof ArrayBuffer) {
      return { field: pathOf(branch), reason: 'must not be binary' };
    }
    if (Array.isArray(branch.value)) {
      const problem = problemOfArray(branch.value, branch, pending);
      if (problem) return problem;
      continue;
    }
    const names = Object.keys(branch.value);
    keys += names.length;
    if (keys > maxKeys) return { field: '', reason: tooManyKeys(maxKeys) };
    const problem = problemOfObject(names, branch, pending);
    if (problem) return problem;
  }
  return undefined;
}

function problemOfArray(items: readonly unknown[], branch: Branch, pending: Branch[]): FieldProblem | undefined {
  for (let index = 0; index < items.length; index++) {
    const problem = problemOfMember(items[index], index, branch, pending);
    if (problem) return problem;
  }
  return undefined;
}

function problemOfObject(names: readonly string[], branch: Branch, pending: Branch[]): FieldProblem | undefined {
  const members = branch.value as Record<string, unknown>;
  for (const name of names) {
    if (POISONED_KEYS.has(name)) return { field: pathOf(branch), reason: `must not have the key ${name}` };
    // The path does not include the key itself, which must not be repeated in a response.
    const problem = problemOfText(name, () => pathOf(branch)) ?? problemOfMember(members[name], name, branch, pending);
    if (problem) return problem;
  }
  return undefined;
}

function problemOfMember(
  value: unknown,
  key: string | number,
  parent: Branch,
  pending: Branch[],
): FieldProblem | undefined {
  if (typeof value === 'string') return problemOfText(value, () => pathOf({ value: parent, parent, key, depth: 0 }));
  if (typeof value === 'number' && isChanged(value)) {
    return { field: pathOf({ value: parent, parent, key, depth: 0 }), reason: NUMBER_REASON };
  }
  if (typeof value === 'object' && value !== null) pending.push({ value, parent, key, depth: parent.depth + 1 });
  return undefined;
}

function problemOfText(text: string, path: () => string): FieldProblem | undefined {
  if (text.includes('\0')) return { field: path(), reason: 'must not contain NUL characters' };
  if (!text.isWellFormed()) return { field: path(), reason: 'must not contain half of a surrogate pair' };
  return undefined;
}

/** Whether parsing may have changed the number. JSON has neither NaN nor infinities. */
function isChanged(value: number): boolean {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

function pathOf(branch: Branch): string {
  const keys: (string | number)[] = [];
  for (let at: Branch | undefined = branch; at?.parent; at = at.parent) keys.push(at.key);
  return keys.reverse().join('.');
}

/**
 * The schema of the only open objects of the API: clients choose their members. Properties refer to it with
 * `METADATA_REF`, and the documents have it as `Metadata`.
 */
export const METADATA_SCHEMA = {
  type: 'object',
  additionalProperties: true,
  description:
    'A JSON object whose members the client chooses: at most 20 levels deep, with at most 1,000 keys and 20,000 values. Its size is limited where a client sends it.',
};

/** The schema of a property with such an object. */
export const METADATA_REF = { allOf: [{ $ref: '#/components/schemas/Metadata' }] };
