import { badValues, deepValues, shareOf, strangeValues } from './bad-values.js';
import type { Schema } from './contract.js';
import { fieldsOf, jsonWith, type KnownIds, sampleObject } from './samples.js';

/** The data of a request, as JSON text, that must be refused or, with `mayPass`, at least answered. */
export interface BadFrame {
  readonly name: string;
  /** Undefined: without data. */
  readonly data: string | undefined;
  readonly mayPass: boolean;
}

/** A frame may have 64 kB. */
const LEVELS = 12_000;

/** What is particular to a frame, and the share of `place` of what every field is sent alike; without a place: all. */
export function badFrames(schema: Schema, ids: KnownIds, place?: string): BadFrame[] {
  const base = sampleObject(schema, ids);
  const needed = (schema.required?.length ?? 0) > 0;
  const make = (name: string, data: string | undefined, mayPass = false): BadFrame => ({ name, data, mayPass });
  const small = ({ json }: { json: string }): boolean => json.length < 60_000;
  const deep = deepValues(LEVELS).filter(small);
  const fields = fieldsOf(schema).flatMap(({ path, schema: field, isRequired }) => {
    const own = place && `${place} ${path.join('.')}`;
    return [
      ...(isRequired && path.length === 1 ? [make(`${path[0]} is missing`, jsonWith(base, path, undefined))] : []),
      ...[...badValues(field, own).filter(small), ...shareOf(deep, own)].map(({ name, json }) =>
        make(`${path.join('.')} is ${name}`, jsonWith(base, path, json)),
      ),
      ...strangeValues(field, own)
        .filter(small)
        .map(({ name, json }) => make(`${path.join('.')} is ${name}`, jsonWith(base, path, json), true)),
    ];
  });
  return [
    ...fields,
    make('no data', undefined, !needed),
    make('null', 'null', !needed),
    ...['[]', '[{}]', '"x"', '1', 'true', '1e400'].map((text) => make(text, text)),
    ...deep.map(({ name, json }) => make(name, json)),
    make('a key __proto__', jsonWith(base, ['__proto__'], '{"is_admin":true}')),
    make('a key constructor', jsonWith(base, ['constructor'], '{"prototype":{}}')),
    make('an unknown field', jsonWith(base, ['no_such_thing'], '1')),
    ...['sender_id', 'user_id', 'role', 'is_admin', 'created_at', 'sequence_numbers']
      .filter((name) => !schema.properties?.[name])
      .map((name) => make(`${name}, which is the server’s`, jsonWith(base, [name], '"x"'))),
  ];
}
