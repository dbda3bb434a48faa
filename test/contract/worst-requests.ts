import { shareOf } from './bad-values.js';
import type { ApiOperation, Frame, Schema } from './contract.js';
import { addressOf, fieldsOf, jsonWith, type KnownIds, sample, sampleObject } from './samples.js';
import type { ExactCall } from './world.js';

/** A request with the highest cost that a client can cause, accepted or refused. */
export interface WorstRequest {
  readonly name: string;
  readonly request: Omit<ExactCall, 'token'>;
}

const BODY_BYTES = 250_000;
const FRAME_BYTES = 60_000;
/** Of one value in a URL, encoded; all header lines together have 16 kB. */
const ADDRESS_CHARACTERS = 8_000;

/** The repeated unit of a text: the worst cases of folding, counting, scanning, matching and estimating. */
const UNITS = [
  'x',
  'a ',
  '👩‍👩‍👧‍👦',
  '\u0301',
  '\u200d',
  'ﷺ',
  'İ',
  '漢',
  '<',
  '<b>',
  '<a href="',
  '<!--',
  '&#60;',
  'https://a.example/',
  'a.',
  '@a ',
  ':a:',
  '[](',
  '-',
  '"',
  '\\',
  'p4$$w0rd',
];

/** Shorter texts cost little, whatever their unit: a few kinds are tried. */
const SHORT = 2500;
const UNITS_OF_SHORT = ['👩‍👩‍👧‍👦', '\u0301', 'ﷺ', '<a href="'];

/** Texts of at most `units` UTF-16 units and `bytes` bytes of JSON; of long ones the share of `place`, or all without it. */
function textsOf(units: number, bytes: number, place?: string): [name: string, text: string][] {
  return (units < SHORT ? UNITS_OF_SHORT : shareOf(UNITS, place)).map((unit) => {
    const times = Math.min(units / unit.length, bytes / Buffer.byteLength(JSON.stringify(unit).slice(1, -1)));
    return [JSON.stringify(unit), unit.repeat(Math.floor(times))];
  });
}

function valuesOf(schema: Schema, bytes: number, known: string[], place?: string): [name: string, json: string][] {
  const types = new Set([schema.type ?? 'object'].flat());
  if (types.has('array')) {
    const items = known.slice(0, schema.maxItems ?? known.length);
    const [value] = schema.items ? valuesOf(schema.items, bytes / (schema.maxItems ?? 100), known) : [];
    return [
      ['as many as there may be', JSON.stringify(items)],
      [
        'as many as a body holds',
        `[${Array(Math.floor(bytes / 40))
          .fill(JSON.stringify(known[0]))
          .join()}]`,
      ],
      ...(value
        ? [
            [
              `of ${value[0]}`,
              `[${Array(schema.maxItems ?? 100)
                .fill(value[1])
                .join()}]`,
            ] as [string, string],
          ]
        : []),
    ];
  }
  if (types.has('integer') || types.has('number')) return [['the largest', String(schema.maximum ?? 2 ** 53 - 1)]];
  if (types.has('string') && (schema.enum || schema.format))
    return [['a long text', JSON.stringify('x'.repeat(bytes))]];
  if (types.has('string')) {
    const most = schema.maxLength ?? Infinity;
    const longest = textsOf(most, bytes, place).map(([name, text]) => [`all ${name}`, JSON.stringify(text)]);
    const longer = most < bytes / 2 ? [['too long', JSON.stringify('👩‍👩‍👧‍👦<'.repeat(bytes / 30))]] : [];
    return [...longest, ...longer] as [string, string][];
  }
  if (!types.has('object')) return [];
  const keys = Array.from({ length: bytes / 10 }, (_, index) => `"${index.toString(36)}":1`);
  return [
    ['of many levels', '{"a":'.repeat(bytes / 6) + '1' + '}'.repeat(bytes / 6)],
    ['of levels that may be', '{"a":'.repeat(9) + JSON.stringify('<'.repeat(3000)) + '}'.repeat(9)],
    ['of many keys', `{${keys.join()}}`],
    ['of lists', `{"a":${'['.repeat(bytes / 2 - 10)}${']'.repeat(bytes / 2 - 10)}}`],
  ];
}

/** The send gets every long text; operations that take a message like it share them. */
function placeOf({ key }: ApiOperation, field: readonly string[]): string | undefined {
  return key === 'POST /api/v1/conversations/{id}/messages' ? undefined : `${key} ${field.join('.')}`;
}

/** The worst requests of an operation. `known`: ids of users that exist. */
export function worstRequests(operation: ApiOperation, ids: KnownIds, known: string[]): WorstRequest[] {
  const { method, path, parameters, body } = operation;
  const address = addressOf(path, ids);
  const query = parameters.filter((parameter) => parameter.in === 'query');
  const largest = query.map(({ name, schema = {} }) => [name, largestOf(name, schema, ids)] as const);
  const isNeeded = ({ name, required }: (typeof query)[number]): boolean => required === true || name === 'limit';
  const needed = largest.filter((_, index) => isNeeded(query[index]!));
  const headers = { 'content-type': 'application/json' };
  const base = body ? sampleObject(body, ids) : {};
  const make = (name: string, pairs: readonly (readonly [string, string])[], text?: string): WorstRequest => {
    const search = pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
    const content = text ?? (body && JSON.stringify(base));
    const sent = content === undefined ? {} : { headers, body: content };
    return { name, request: { method, path: `${address}?${search}`, ...sent } };
  };
  const texts = query.flatMap(({ name, schema = {} }) => {
    if (![schema.type ?? []].flat().includes('string') || schema.format || schema.enum) return [];
    const others = needed.filter(([key]) => key !== name);
    return textsOf(Math.min(schema.maxLength ?? Infinity, ADDRESS_CHARACTERS / 9), ADDRESS_CHARACTERS).map(
      ([unit, text]) => make(`?${name} of ${unit}`, [...others, [name, text]]),
    );
  });
  const fields = (body ? fieldsOf(body) : []).flatMap(({ path: at, schema }) =>
    valuesOf(schema, BODY_BYTES, known, placeOf(operation, at)).map(([name, json]) =>
      make(`${at.join('.')} ${name}`, needed, jsonWith(base, at, json)),
    ),
  );
  return [
    make('the largest page', needed),
    make('every parameter', largest),
    ...texts,
    ...fields,
    // What reads a body is the same for all operations, which share these.
    ...(body ? shareOf(valuesOf({}, BODY_BYTES, known), `${method} ${path}`) : []).map(([name, json]) =>
      make(`a body ${name}`, needed, json),
    ),
  ];
}

/** The data of the worst frames of a command, as JSON. */
export function worstFrames({ data }: Frame, ids: KnownIds, known: string[]): [name: string, json: string][] {
  const base = sampleObject(data, ids);
  return [
    ['a good one', JSON.stringify(base)],
    ...fieldsOf(data).flatMap(({ path, schema }) =>
      valuesOf(schema, FRAME_BYTES, known).map(
        ([name, json]) => [`${path.join('.')} ${name}`, jsonWith(base, path, json)] as [string, string],
      ),
    ),
    ...valuesOf({}, FRAME_BYTES, known),
  ];
}

function largestOf(name: string, schema: Schema, ids: KnownIds): string {
  if (schema.type === 'integer' && name === 'limit') return String(schema.maximum ?? 100);
  const value = sample(schema, name, ids);
  return Array.isArray(value) ? value.join() : String(value);
}
