import { badAddressValues, badValues, deepValues, shareOf, strangeAddressTexts, strangeValues } from './bad-values.js';
import type { ApiOperation, Schema } from './contract.js';
import { addressOf, fieldsOf, headersFor, jsonWith, type KnownIds, sampleObject } from './samples.js';
import type { ExactCall } from './world.js';

/** A request that must be refused or, with `mayPass`, at least answered. */
export interface BadRequest {
  readonly name: string;
  readonly request: Omit<ExactCall, 'token'>;
  readonly mayPass: boolean;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const DEEP_VALUES = deepValues();
const LARGE = `{"x":"${'x'.repeat(260 * 1024)}"}`;

/**
 * The bad requests that the description of an operation allows to generate: what is particular to it, and its share of
 * what every operation is sent alike. `isComplete`: all.
 */
export function badRequests(operation: ApiOperation, ids: KnownIds, isComplete = false): BadRequest[] {
  const placeOf: PlaceOf = (name) => (isComplete ? undefined : `${operation.key} ${name}`);
  return [
    ...badPaths(operation, ids, placeOf),
    ...badQueries(operation, ids, placeOf),
    ...badBodies(operation, ids, placeOf),
    ...badHeaders(operation, ids),
  ];
}

/** The place of a field, which decides its share. */
type PlaceOf = (name: string) => string | undefined;

function goodBody(operation: ApiOperation, ids: KnownIds): Pick<ExactCall, 'headers' | 'body'> {
  const { body } = operation;
  const headers = headersFor(operation);
  return body ? { headers: { ...headers, ...JSON_TYPE }, body: JSON.stringify(sampleObject(body, ids)) } : { headers };
}

function goodQuery({ parameters }: ApiOperation, ids: KnownIds): string {
  const query = parameters.filter((parameter) => parameter.in === 'query' && parameter.required);
  const good: Schema = { properties: Object.fromEntries(query.map(({ name, schema }) => [name, schema ?? {}])) };
  const values = sampleObject({ ...good, required: query.map(({ name }) => name) }, ids);
  return Object.entries(values)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&');
}

function badPaths(operation: ApiOperation, ids: KnownIds, placeOf: PlaceOf): BadRequest[] {
  const { method, path, parameters } = operation;
  const query = goodQuery(operation, ids);
  return parameters
    .filter((parameter) => parameter.in === 'path')
    .flatMap(({ name, schema = {} }) => {
      const make = (value: string, what: string, mayPass: boolean): BadRequest => ({
        name: `${name} = ${what}`,
        mayPass,
        request: { method, path: `${addressOf(path, ids, { [name]: value })}?${query}`, ...goodBody(operation, ids) },
      });
      const bad = badAddressValues(schema, placeOf(name)).filter(({ text }) => text !== '');
      return [
        ...bad.map(({ name: what, text }) => make(text, what, false)),
        ...strangeAddressTexts(schema, placeOf(name)).map((text) => make(text, text.slice(0, 40), true)),
      ];
    });
}

const STRANGE_QUERIES = [
  ...['__proto__[a]=1', '__proto__=1', 'constructor=1', 'toString=1', '=', '&&&', '%', 'hasOwnProperty=1'],
];

function badQueries(operation: ApiOperation, ids: KnownIds, placeOf: PlaceOf): BadRequest[] {
  const { method, path, parameters } = operation;
  const address = addressOf(path, ids);
  const known = parameters.filter((parameter) => parameter.in === 'query');
  const good = goodQuery(operation, ids);
  const make = (name: string, query: string, mayPass = false): BadRequest => ({
    name: `?${name}`,
    mayPass,
    request: { method, path: `${address}?${query}`, ...goodBody(operation, ids) },
  });
  const requests = known.flatMap(({ name, schema = {}, required }) => {
    const others = good.split('&').filter((pair) => pair && !pair.startsWith(`${name}=`));
    const withValue = (value: string): string => [...others, `${name}=${value}`].join('&');
    const isList = schema.type === 'array';
    return [
      ...(required ? [make(`${name} is missing`, others.join('&'))] : []),
      ...badAddressValues(schema, placeOf(name))
        .filter(({ text }) => text !== '') // same as omitted
        .map(({ name: what, text }) => make(`${name} = ${what}`, withValue(text))),
      make(`${name} twice`, `${withValue('1')}&${name}=2`, isList),
      make(`${name}[]`, `${withValue('1')}&${name}[]=1`),
      make(`${name}[key]`, [...others, `${name}[$gt]=1`].join('&')),
      ...strangeAddressTexts(schema, placeOf(name)).map((text) =>
        make(`${name} = ${text.slice(0, 40)}`, withValue(text), true),
      ),
    ];
  });
  // If the route reads no query parameter, their values do not matter.
  const isRead = known.length > 0;
  return [
    ...requests,
    make('an unknown one', `${good}&no_such_thing=1`, !isRead),
    make('is_admin', `${good}&is_admin=true`, !isRead),
    ...shareOf(STRANGE_QUERIES, placeOf('?')).map((query) => make(query, `${good}&${query}`, true)),
  ];
}

function badBodies(operation: ApiOperation, ids: KnownIds, placeOf: PlaceOf): BadRequest[] {
  const { method, path, body } = operation;
  const address = `${addressOf(path, ids)}?${goodQuery(operation, ids)}`;
  const make = (name: string, text: string | Buffer, mayPass = false, headers: object = JSON_TYPE): BadRequest => ({
    name: `body: ${name}`,
    mayPass,
    request: { method, path: address, headers: { ...headers }, body: text },
  });
  const base = body ? sampleObject(body, ids) : {};
  const good = JSON.stringify(base);
  const fields = (body ? fieldsOf(body) : []).flatMap(({ path: at, schema, isRequired }) => [
    ...(isRequired && at.length === 1 ? [make(`${at[0]} is missing`, jsonWith(base, at, undefined))] : []),
    ...[...badValues(schema, placeOf(at.join('.'))), ...shareOf(DEEP_VALUES, placeOf(at.join('.')))].map(
      ({ name, json }) => make(`${at.join('.')} is ${name}`, jsonWith(base, at, json)),
    ),
    ...strangeValues(schema, placeOf(at.join('.'))).map(({ name, json }) =>
      make(`${at.join('.')} is ${name}`, jsonWith(base, at, json), true),
    ),
  ]);
  const needed = (body?.required?.length ?? 0) > 0;
  const particular = [
    make('a key __proto__', jsonWith(base, ['__proto__'], '{"is_admin":true}')),
    make('an unknown field', jsonWith(base, ['no_such_thing'], '1'), !body),
  ];
  const ofEveryOperation = [
    // Unknown fields like any other.
    ...['role', 'is_admin', 'is_banned', 'sender_id', 'created_at', 'status', 'is_edited', 'owner_id', 'id']
      .filter((name) => !body?.properties?.[name])
      .map((name) => make(`${name}, which is the server’s`, jsonWith(base, [name], '"x"'), !body)),
    ...['null', '[]', '"x"', '1', '{', '', '{"a":1}}', "{'a':1}", '{"a":NaN}', '[{}]'].map((text) =>
      // An empty body is the same as none.
      make(JSON.stringify(text), text, text === '' && !needed),
    ),
    ...DEEP_VALUES.map(({ name, json }) => make(name, json)),
    make('a key constructor', jsonWith(base, ['constructor'], '{"prototype":{}}')),
    make('no UTF-8', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])),
    make('more than 256 kB', LARGE),
    make('more than 256 kB of an unknown length', LARGE, false, {
      ...JSON_TYPE,
      'transfer-encoding': 'chunked',
    }),
    ...[
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/xml',
      'application/json; charset=utf-16',
      '',
      'json',
    ].map((type) => make(`of type "${type}"`, good, false, { 'content-type': type })),
    make('compressed', good, false, { ...JSON_TYPE, 'content-encoding': 'gzip' }),
    make('a form with files', '--x\r\n\r\n--x--', !needed, { 'content-type': 'multipart/form-data; boundary=x' }),
  ];
  const place = placeOf('body');
  return [...fields, ...(body ? particular : shareOf(particular, place)), ...shareOf(ofEveryOperation, place)];
}

/** What is invalid in a header depends on the header. */
const BAD_HEADER_VALUES: Readonly<Record<string, readonly string[]>> = {
  'Idempotency-Key': ['x'.repeat(129), 'é', 'two words', '\t', 'x'.repeat(10_000)],
  'Tus-Resumable': ['0.2.2', 'x', 'x'.repeat(10_000)],
  'Upload-Length': ['-1', '0', '1.5', '1e3', 'x', '9'.repeat(20), '1, 1'],
  'Upload-Offset': ['-1', '1.5', 'x', '9'.repeat(20)],
  'Upload-Metadata': ['filename', 'filename !', 'filename YQ YQ', 'filename /w==', 'filetype YQ==', 'x'.repeat(10_000)],
  'X-Audit-Log-Reason': ['%', '%ff', 'half%', '%00'.repeat(200), '\t', 'x'.repeat(10_000)],
};

function badHeaders(operation: ApiOperation, ids: KnownIds): BadRequest[] {
  const { method, path, parameters } = operation;
  const { headers, body } = goodBody(operation, ids);
  return parameters
    .filter((parameter) => parameter.in === 'header')
    .flatMap(({ name }) =>
      BAD_HEADER_VALUES[name]!.map((value) => ({
        name: `${name}: ${value.slice(0, 20)}`,
        mayPass: value === '\t', // trimmed by HTTP itself
        request: { method, path: addressOf(path, ids), headers: { ...headers, [name]: value }, body },
      })),
    );
}
