import type { Schema } from './contract.js';
import { isIdFormat } from './samples.js';

/** A value as JSON text: some of the worst cannot be written by JSON.stringify. */
export interface BadValue {
  readonly name: string;
  readonly json: string;
}

/** How many places share the values that are the same for all fields of a type. */
const SHARED_BY = 5;

/**
 * The values that this place gets of those that are the same everywhere: every fifth one, and the next place others. So
 * every value is sent to many places, and every place gets some of each group. Without a place: all.
 */
export function shareOf<Value>(values: readonly Value[], place: string | undefined): Value[] {
  if (place === undefined) return [...values];
  const first = [...place].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_003, 7) % SHARED_BY;
  return values.filter((_, index) => index % SHARED_BY === first);
}

const bad = (name: string, value: unknown): BadValue => ({ name, json: JSON.stringify(value) });

const DEEP = 100_000;
const UUID = '01930000-0000-7000-8000-000000000000';

const OF_TYPE: Record<string, BadValue[]> = {
  string: [bad('text', 'x'), bad('empty text', ''), bad('a number in text', '7')],
  number: [
    bad('zero', 0),
    bad('a negative number', -1),
    bad('half a number', 1.5),
    { name: 'infinity', json: '1e400' },
    { name: 'beyond 2^53', json: '9007199254740993' },
  ],
  boolean: [bad('true', true), bad('false', false)],
  null: [bad('null', null)],
  array: [bad('an empty list', []), bad('a list', ['x']), bad('a list in lists', [[[1]]])],
  object: [bad('an empty object', {}), bad('an operator', { $gt: '' }), bad('nested objects', { a: { b: { c: 1 } } })],
};

/** Invalid for every field. */
const HOSTILE: BadValue[] = [
  { name: 'NUL', json: '"a\\u0000b"' },
  { name: 'half a surrogate pair', json: '"\\ud800"' },
  { name: 'the other half', json: '"x\\udc00"' },
  { name: 'a key __proto__', json: '{"__proto__":{"is_admin":true}}' },
  { name: 'a key constructor', json: '{"constructor":{"prototype":{"is_admin":true}}}' },
  { name: 'NUL in a key', json: '{"a\\u0000":1}' },
];

/** Far more levels than any real value; too large for a frame if as deep as for a body. */
export function deepValues(levels = DEEP): BadValue[] {
  return [
    { name: `${levels} lists in each other`, json: '['.repeat(levels) + ']'.repeat(levels) },
    { name: 'objects in each other', json: '{"a":'.repeat(levels / 4) + '1' + '}'.repeat(levels / 4) },
    { name: 'thousands of keys', json: `{${Array.from({ length: 5000 }, (_, i) => `"${i}":0`).join()}}` },
  ];
}

/**
 * Values that a field of this schema must reject: those of the schema itself, and the share of `place` of the others.
 */
export function badValues(schema: Schema, place?: string): BadValue[] {
  const types = new Set([schema.type ?? []].flat());
  const values = shareOf(HOSTILE, place);
  for (const [type, examples] of Object.entries(OF_TYPE)) {
    const takes = types.has(type) || (type === 'number' && types.has('integer'));
    if (!takes && (schema.type !== undefined || schema.properties))
      values.push(...shareOf(examples, place).filter((value) => !passes(value, types)));
  }
  values.push(...badTexts(schema, types), ...badNumbers(schema, types), ...badLists(schema, types, place));
  return values;
}

/** true and numbers are valid as text in a query string; in JSON too, because both use the same decoders. */
function passes({ json }: BadValue, types: Set<string>): boolean {
  return types.has('integer') && json === '"7"';
}

function badTexts(schema: Schema, types: Set<string>): BadValue[] {
  if (!types.has('string')) return [];
  const values: BadValue[] = [];
  if (schema.maxLength !== undefined) values.push(bad('text that is too long', 'x'.repeat(schema.maxLength + 1)));
  if (schema.minLength) values.push(bad('text that is too short', 'x'.repeat(schema.minLength - 1)));
  if (schema.enum)
    values.push(bad('no such word', 'nonsense'), bad('another case', String(schema.enum[0]).toUpperCase()));
  if (schema.pattern) values.push(bad('text of another pattern', ' ÄÖ\n'));
  if (isIdFormat(schema)) {
    values.push(bad('no UUID', 'nonsense'), bad('SQL', "' or 1=1 --"), bad('a UUID in braces', `{${UUID}}`));
    values.push(bad('a UUID and more', `${UUID}\n`), bad('an empty UUID', ''));
  }
  if (schema.format === 'user-id') {
    values.push(bad('no external id', 'external:'), bad('an external id with a control character', 'external:a\u0007'));
    values.push(
      bad('an external id that is too long', `external:${'x'.repeat(256)}`),
      bad('another prefix', 'extern:1'),
    );
  }
  if (schema.format === 'date-time') {
    values.push(
      bad('no time', 'yesterday'),
      bad('a day that no month has', '2026-02-31'),
      bad('no month', '2026-13-45T00:00:00Z'),
    );
    values.push(bad('a time without a zone', '2026-01-01T00:00:00'));
    values.push(bad('no day', '2026-02-31T00:00:00Z'), bad('the year 0', '0000-01-01T00:00:00Z'));
    values.push(bad('a zone of 99 hours', '2026-01-01T00:00:00+99:99'));
  }
  return values;
}

function badNumbers(schema: Schema, types: Set<string>): BadValue[] {
  if (!types.has('integer') && !types.has('number')) return [];
  const values = [bad('half a number', 1.5), { name: 'infinity', json: '1e400' }, bad('an exponent in text', '1e3')];
  if (schema.minimum !== undefined) values.push(bad('too small', schema.minimum - 1));
  if (schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER)
    values.push(bad('too large', schema.maximum + 1));
  return values;
}

function badLists(schema: Schema, types: Set<string>, place?: string): BadValue[] {
  if (!types.has('array') || !schema.items) return [];
  const good = isIdFormat(schema.items) ? UUID : 'x';
  const values = badValues(schema.items, place)
    .filter(({ name }) => !name.startsWith('a key'))
    .map(({ name, json }) => ({ name: `in a list: ${name}`, json: `[${json}]` }));
  if (schema.maxItems !== undefined) {
    const many = Array.from(
      { length: schema.maxItems + 1 },
      (_, index) => `${UUID.slice(0, -6)}${String(index).padStart(6, '0')}`,
    );
    values.push(bad('too many', many));
  }
  if (schema.uniqueItems) values.push(bad('the same twice', [good, good]));
  return values;
}

const NO_INTEGERS = [
  ...['abc', '1e3', '1.5', ' 1', '0x10', '1_000', 'NaN', 'Infinity', 'null', '٣', '1;drop table users'],
  ...['9'.repeat(16), '9'.repeat(400), '-'.repeat(100)],
];

/** The same for a value in a path or query, where every value is text: percent-encoded as it is sent. */
export function badAddressValues(schema: Schema, place?: string): { name: string; text: string }[] {
  const types = new Set([schema.type ?? []].flat());
  const values: { name: string; text: string }[] = [{ name: 'NUL', text: 'a%00b' }];
  const add = (...texts: string[]): void => {
    for (const text of texts) values.push({ name: JSON.stringify(text), text: encodeURIComponent(text) });
  };
  if (types.has('integer')) {
    add(...shareOf(NO_INTEGERS, place));
    if (schema.minimum !== undefined) add(String(schema.minimum - 1));
    if (schema.maximum !== undefined) add(String(schema.maximum + 10));
  }
  if (types.has('boolean')) add('yes', '1', '', 'TRUE');
  const texts = schema.items ? badTexts(schema.items, new Set(['string'])) : badTexts(schema, types);
  for (const { json } of texts) add(JSON.parse(json) as string);
  return values;
}

/** Values in a path or query that may be valid or not: only the response is required. */
const STRANGE_ADDRESS_VALUES = [
  '..%2F..%2Fetc%2Fpasswd',
  '%2e%2e',
  '%ED%A0%80',
  '%E0%A4%A',
  '%',
  '__proto__',
  'constructor',
  'undefined',
  '%F0%9F%8F%B3',
  "'%20or%201=1--",
  '%25_%5C',
  '%0d%0aX-Injected:%201',
  'x'.repeat(6000),
  encodeURIComponent('\u0301'.repeat(500)),
  'eyJhIjoxfQ',
  'W251bGwsbnVsbF0',
  'WzEsMiwzLDQsNV0',
  'WyI8Iiw5MDA3MTk5MjU0NzQwOTkzXQ',
  'WyI+IiwtMV0',
  'WzFlNDAwLCJ4Il0',
  `${'A'.repeat(500)}`,
  UUID,
  UUID.toUpperCase(),
  String(Number.MAX_SAFE_INTEGER),
  '-9007199254740991',
  '-0',
];

/** Well-formed times without meaning, or beyond the range of the database. */
const STRANGE_TIMES = [
  '2026-01-01T24:00:00Z',
  '2026-01-01T23:59:60Z',
  '2026-01-01T00:00:00-23:59',
  '9999-12-31T23:59:59.999999999Z',
  '9999-12-31T23:59:59-23:59',
];

const STRANGE_TEXTS = [
  "'; drop table users; --",
  '<script>alert(1)</script>',
  '\u202Egpj.exe',
  'e' + '\u0301'.repeat(10_000),
  '\uFFFE\uFFFF\u{1FFFE}',
  '\u2028\u2029',
  '%s%n${{7*7}}',
  '\\',
  '%_%',
  '<'.repeat(4000),
  ' ',
  '\n',
  'https://[::1',
  'data:text/html,x',
  'a@b',
];

/** Values that a field of this schema may accept or not: only the response is required. */
export function strangeValues(schema: Schema, place?: string): BadValue[] {
  const types = new Set([schema.type ?? []].flat());
  const values = [bad('null', null), bad('the number in text', '7'), bad('the word true', 'true')];
  if (schema.format === 'date-time') values.push(...STRANGE_TIMES.map((time) => bad(time, time)));
  else if (isIdFormat(schema))
    values.push(bad('an unknown UUID', UUID), bad('in capitals', UUID.toUpperCase()), bad('external', 'external:1'));
  else if (types.has('string'))
    values.push(...shareOf(STRANGE_TEXTS, place).map((text) => bad(text.slice(0, 20), text)));
  if (types.has('integer')) values.push(bad('the largest', schema.maximum ?? 2 ** 53), { name: '-0', json: '-0' });
  if (types.has('array')) values.push(bad('an empty list', []), bad('one unknown UUID', [UUID]));
  if (types.has('object'))
    values.push(
      bad('20 kB', { a: 'x'.repeat(20_000) }),
      bad('many', Object.fromEntries(STRANGE_TEXTS.map((text, i) => [text, i]))),
    );
  return values;
}

export function strangeAddressTexts(schema: Schema, place?: string): string[] {
  const times = schema.format === 'date-time' ? STRANGE_TIMES.map(encodeURIComponent) : [];
  return [...shareOf(STRANGE_ADDRESS_VALUES, place), ...times];
}
