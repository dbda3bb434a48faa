/*
 * The shape of the `details` of an error, as `defineError` declares it for the documents. This is plain data: the
 * processes that check files load it with their errors, and must load nothing large.
 */

/** The JSON Schema of a field, and the type of its values; a field that may be absent has the type undefined too. */
export interface DetailField<Value = unknown> {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly isOptional?: boolean;
  /** Only for the compiler. */
  readonly value?: [Value];
}

export type DetailFields = Readonly<Record<string, DetailField>>;

type ValueOf<Field> = Field extends DetailField<infer Value> ? Value : never;
type OptionalNames<Fields> = {
  [name in keyof Fields]: undefined extends ValueOf<Fields[name]> ? name : never;
}[keyof Fields];

/** The type of details with these fields. */
export type DetailsOf<Fields> = {
  readonly [name in Exclude<keyof Fields, OptionalNames<Fields>>]: ValueOf<Fields[name]>;
} & { readonly [name in OptionalNames<Fields>]?: ValueOf<Fields[name]> };

export const text = (description: string): DetailField<string> => ({ schema: { type: 'string', description } });

export const integer = (description: string): DetailField<number> => ({ schema: { type: 'integer', description } });

export const flag = (description: string): DetailField<boolean> => ({ schema: { type: 'boolean', description } });

/** One of these texts. */
export const oneOf = <const Word extends string>(description: string, ...words: Word[]): DetailField<Word> => ({
  schema: { type: 'string', enum: words, description },
});

export const listOfTexts = (description: string): DetailField<readonly string[]> => ({
  schema: { type: 'array', items: { type: 'string' }, description },
});

/** A list of objects with these fields. */
export const listOf = <Fields extends DetailFields>(
  description: string,
  fields: Fields,
): DetailField<readonly DetailsOf<Fields>[]> => ({
  schema: { type: 'array', items: detailsSchema(fields), description },
});

export const nullable = <Value>({ schema }: DetailField<Value>): DetailField<Value | null> => ({
  schema: { ...schema, type: [schema.type, 'null'] },
});

export const optional = <Value>({ schema }: DetailField<Value>): DetailField<Value | undefined> => ({
  schema,
  isOptional: true,
});

/** The fields of errors that name the time after which the call may succeed. */
export const RETRY_AFTER_DETAILS = { retry_after: integer('Seconds until the next attempt') };

/** The fields of errors whose caller has reached a maximum number. */
export const LIMIT_DETAILS = { limit: integer('The maximum number') };

/** The fields of errors about one field of the input. */
export const FIELD_DETAILS = { field: text('The field of the input') };

/** The JSON Schema of details with these fields; without any, they are empty. */
export function detailsSchema(fields: DetailFields): object {
  const required = Object.keys(fields).filter((name) => !fields[name]!.isOptional);
  const properties = Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema]));
  return Object.keys(fields).length === 0
    ? { type: 'object', properties, additionalProperties: false }
    : { type: 'object', ...(required.length > 0 && { required }), properties };
}
