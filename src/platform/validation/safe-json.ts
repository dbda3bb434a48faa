import { type FieldProblem, ValidationError } from '../errors/app-error.js';

const DEEPEST = 20;
const MOST_KEYS = 1000;
/** Members of lists and objects together. */
const MOST_VALUES = 20_000;
/** Keys by which a copied object would reach into the prototypes of all others. */
const POISONED_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

const TOO_DEEP = `must not be nested deeper than ${DEEPEST} levels`;
const TOO_MANY_KEYS = `must not have more than ${MOST_KEYS} keys`;
const TOO_MANY_VALUES = `must not have more than ${MOST_VALUES} values`;
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
 * Refuses a parsed JSON value with what PostgreSQL cannot store (NUL, half surrogate pairs), what is only ever sent to
 * do harm (endless depth, thousands of keys, keys of prototypes), and numbers that reading has changed: whole ones from
 * 2^53 on and those beyond what a double holds (`1e999`). Of an exact 2^53 the value does not say what was written, so it
 * goes too. Fractions are kept as the nearest double. Bodies and frames pass it before anything else looks at them.
 * @throws ValidationError
 */
export function requireSafeJson(value: unknown): void {
  const problem = findProblem(value);
  if (problem) throw new ValidationError([problem]);
}

/**
 * Refuses JSON text that reads as more levels, keys or values than `requireSafeJson` lets pass, before it is read: a
 * quarter of a megabyte of small objects takes the parser tens of milliseconds, and looking at it one. Text that is no
 * JSON may pass. @throws ValidationError
 */
export function requireSmallJson(text: string): void {
  let [depth, keys, values] = [0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) at = endOfString(text, at);
    else if (sign === OPEN_BRACE || sign === OPEN_BRACKET) {
      if (++depth > DEEPEST) throw ValidationError.of('', TOO_DEEP);
    } else if (sign === CLOSE_BRACE || sign === CLOSE_BRACKET) depth--;
    else if (sign === COLON && ++keys > MOST_KEYS) throw ValidationError.of('', TOO_MANY_KEYS);
    else if (sign === COMMA && ++values > MOST_VALUES) throw ValidationError.of('', TOO_MANY_VALUES);
  }
}

/** The place of the quotation mark that ends a string. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === BACKSLASH) at++;
    else if (sign === QUOTE) return at;
  }
  return text.length;
}

/** Linear, and without recursion, because the value's depth is the sender's choice. */
function findProblem(value: unknown): FieldProblem | undefined {
  if (typeof value === 'string') return judgeText(value, () => '');
  if (typeof value === 'number' && isChanged(value)) return { field: '', reason: NUMBER_REASON };
  if (typeof value !== 'object' || value === null) return undefined;
  const waiting: Branch[] = [{ value, parent: undefined, key: '', depth: 1 }];
  let keys = 0;
  for (let branch = waiting.pop(); branch; branch = waiting.pop()) {
    if (branch.depth > DEEPEST) return { field: '', reason: TOO_DEEP };
    if (ArrayBuffer.isView(branch.value) || branch.value instanceof ArrayBuffer) {
      return { field: pathOf(branch), reason: 'must not be binary' };
    }
    if (Array.isArray(branch.value)) {
      const problem = judgeArray(branch.value, branch, waiting);
      if (problem) return problem;
      continue;
    }
    const names = Object.keys(branch.value);
    keys += names.length;
    if (keys > MOST_KEYS) return { field: '', reason: TOO_MANY_KEYS };
    const problem = judgeObject(names, branch, waiting);
    if (problem) return problem;
  }
  return undefined;
}

function judgeArray(items: readonly unknown[], branch: Branch, waiting: Branch[]): FieldProblem | undefined {
  for (let index = 0; index < items.length; index++) {
    const problem = judgeMember(items[index], index, branch, waiting);
    if (problem) return problem;
  }
  return undefined;
}

function judgeObject(names: readonly string[], branch: Branch, waiting: Branch[]): FieldProblem | undefined {
  const members = branch.value as Record<string, unknown>;
  for (const name of names) {
    if (POISONED_KEYS.has(name)) return { field: pathOf(branch), reason: `must not have the key ${name}` };
    // The key itself is left out of the path: it is the text that must not be repeated.
    const problem = judgeText(name, () => pathOf(branch)) ?? judgeMember(members[name], name, branch, waiting);
    if (problem) return problem;
  }
  return undefined;
}

function judgeMember(
  value: unknown,
  key: string | number,
  parent: Branch,
  waiting: Branch[],
): FieldProblem | undefined {
  if (typeof value === 'string') return judgeText(value, () => pathOf({ value: parent, parent, key, depth: 0 }));
  if (typeof value === 'number' && isChanged(value)) {
    return { field: pathOf({ value: parent, parent, key, depth: 0 }), reason: NUMBER_REASON };
  }
  if (typeof value === 'object' && value !== null) waiting.push({ value, parent, key, depth: parent.depth + 1 });
  return undefined;
}

function judgeText(text: string, path: () => string): FieldProblem | undefined {
  if (text.includes('\0')) return { field: path(), reason: 'must not contain NUL characters' };
  if (!text.isWellFormed()) return { field: path(), reason: 'must not contain half of a surrogate pair' };
  return undefined;
}

/** Whether another number may have been written. JSON has neither NaN nor infinities. */
function isChanged(value: number): boolean {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

function pathOf(branch: Branch): string {
  const keys: (string | number)[] = [];
  for (let at: Branch | undefined = branch; at?.parent; at = at.parent) keys.push(at.key);
  return keys.reverse().join('.');
}
