/** Where a value holds something no text of ours may hold. `path` is dotted, empty for the value itself. */
export interface ForbiddenText {
  path: string;
  reason: string;
}

const DEEPEST = 20;
const MOST_KEYS = 1000;
/** Keys by which a copied object would reach into the prototypes of all others. */
const POISONED_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

interface Branch {
  readonly value: object;
  readonly parent: Branch | undefined;
  readonly key: string | number;
  readonly depth: number;
}

/**
 * Looks through a JSON value for what PostgreSQL cannot store (NUL, half surrogate pairs) and for what is only ever
 * sent to do harm (endless depth, thousands of keys, keys of prototypes). Undefined when it is clean. Linear, and
 * without recursion, because the value's depth is the sender's choice.
 */
export function findForbiddenText(value: unknown): ForbiddenText | undefined {
  if (typeof value === 'string') return judgeText(value, () => '');
  if (typeof value !== 'object' || value === null) return undefined;
  const waiting: Branch[] = [{ value, parent: undefined, key: '', depth: 1 }];
  let keys = 0;
  for (let branch = waiting.pop(); branch; branch = waiting.pop()) {
    if (branch.depth > DEEPEST) return { path: '', reason: `must not be nested deeper than ${DEEPEST} levels` };
    if (ArrayBuffer.isView(branch.value) || branch.value instanceof ArrayBuffer) {
      return { path: pathOf(branch), reason: 'must not be binary' };
    }
    if (Array.isArray(branch.value)) {
      const problem = judgeArray(branch.value, branch, waiting);
      if (problem) return problem;
      continue;
    }
    const names = Object.keys(branch.value);
    keys += names.length;
    if (keys > MOST_KEYS) return { path: '', reason: `must not have more than ${MOST_KEYS} keys` };
    const problem = judgeObject(names, branch, waiting);
    if (problem) return problem;
  }
  return undefined;
}

function judgeArray(items: readonly unknown[], branch: Branch, waiting: Branch[]): ForbiddenText | undefined {
  for (let index = 0; index < items.length; index++) {
    const problem = judgeMember(items[index], index, branch, waiting);
    if (problem) return problem;
  }
  return undefined;
}

function judgeObject(names: readonly string[], branch: Branch, waiting: Branch[]): ForbiddenText | undefined {
  const members = branch.value as Record<string, unknown>;
  for (const name of names) {
    if (POISONED_KEYS.has(name)) return { path: pathOf(branch), reason: `must not have the key ${name}` };
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
): ForbiddenText | undefined {
  if (typeof value === 'string') return judgeText(value, () => pathOf({ value: parent, parent, key, depth: 0 }));
  if (typeof value === 'object' && value !== null) waiting.push({ value, parent, key, depth: parent.depth + 1 });
  return undefined;
}

function judgeText(text: string, path: () => string): ForbiddenText | undefined {
  if (text.includes('\0')) return { path: path(), reason: 'must not contain NUL characters' };
  if (!isWellFormed(text)) return { path: path(), reason: 'must not contain half of a surrogate pair' };
  return undefined;
}

function pathOf(branch: Branch): string {
  const keys: (string | number)[] = [];
  for (let at: Branch | undefined = branch; at?.parent; at = at.parent) keys.push(at.key);
  return keys.reverse().join('.');
}

/** Whether every surrogate has its other half. Node 20 has the method, the language level we compile for has not. */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/** C0 and C1 without the white space among them, which collapses like any other. */
const CONTROLS = /[\u0000-\u0008\u000E-\u001F\u007F-\u0084\u0086-\u009F]/g;
/** Reordering and isolating controls, marks, and characters without width; the zero-width joiner has a rule of its own. */
const INVISIBLE = /[\u00AD\u061C\u180E\u200B\u200C\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g;
const STRAY_JOINER =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D|\u200D(?!\p{Extended_Pictographic})/gu;

/**
 * A name as it is shown: composed (NFC), on one line, without characters that hide or reorder others. Emoji made of
 * several joined ones stay whole. Applying it twice changes nothing more; nothing may be left.
 */
export function cleanName(text: string): string {
  return text
    .replace(CONTROLS, '')
    .replace(INVISIBLE, '')
    .replace(STRAY_JOINER, '')
    .normalize('NFC')
    .replace(/[\s\u0085]+/g, ' ')
    .trim();
}

/** What a user name may look like, after folding. */
export const USERNAME_PATTERN = /^[a-z0-9_.-]{3,32}$/;

/** The form of a user name that is unique: compatibility forms and case are one. */
export function foldUsername(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** The form in which names are searched: without case and marks. */
export function foldForSearch(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
