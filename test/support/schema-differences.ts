/** A JSON Schema, as far as the documents use it. */
export interface JsonSchema {
  $ref?: string;
  const?: unknown;
  enum?: unknown[];
  type?: string | string[];
  format?: string;
  required?: string[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  allOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
}

const FORMATS: Record<string, RegExp> = {
  uuid: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
};

/** How a value differs from its schema. A field that the schema does not describe is a difference. */
export class SchemaDifferences {
  /** `schemas`: those that a `$ref` names. */
  constructor(private readonly schemas: Readonly<Record<string, JsonSchema>>) {}

  of(schema: JsonSchema, value: unknown, at: string): string[] {
    if (schema.$ref) return this.of(this.schemas[schema.$ref.split('/').at(-1)!]!, value, at);
    const alternatives = schema.oneOf ?? schema.anyOf;
    if (alternatives) {
      const found = alternatives.map((one) => this.of(one, value, at)).sort((a, b) => a.length - b.length);
      return found[0]!;
    }
    if (schema.allOf) return this.of(this.merged(schema.allOf), value, at);
    if ('const' in schema) return schema.const === value ? [] : [`${at}: ${JSON.stringify(value)}`];
    if (!hasType(schema.type, value)) return [`${at}: ${JSON.stringify(value)} is not ${String(schema.type)}`];
    if (value === null) return [];
    if (schema.enum && !schema.enum.includes(value)) return [`${at}: ${JSON.stringify(value)} is not listed`];
    if (Array.isArray(value)) return value.flatMap((item, i) => this.of(schema.items!, item, `${at}[${i}]`));
    if (typeof value === 'object') return this.ofObject(schema, value, at);
    const format = typeof value === 'string' ? FORMATS[schema.format ?? ''] : undefined;
    return format?.test(value as string) === false ? [`${at}: ${String(value)} is no ${schema.format}`] : [];
  }

  private ofObject(
    { properties = {}, required = [], additionalProperties }: JsonSchema,
    value: object,
    at: string,
  ): string[] {
    const missing = required.filter((name) => !(name in value)).map((name) => `${at}.${name}: missing`);
    const wrong = Object.entries(value).flatMap(([name, inner]) => {
      const field = properties[name];
      if (field) return this.of(field, inner, `${at}.${name}`);
      if (typeof additionalProperties === 'object') return this.of(additionalProperties, inner, `${at}.${name}`);
      return additionalProperties === true ? [] : [`${at}.${name}: not described`];
    });
    return [...missing, ...wrong];
  }

  /** The schema that has everything of these; a property of a later one replaces that of an earlier one. */
  private merged(parts: readonly JsonSchema[]): JsonSchema {
    return parts
      .map((part) => (part.$ref ? this.schemas[part.$ref.split('/').at(-1)!]! : part))
      .reduce((whole, part) => ({
        ...whole,
        ...part,
        required: [...(whole.required ?? []), ...(part.required ?? [])],
        properties: { ...whole.properties, ...part.properties },
      }));
  }
}

function hasType(type: string | string[] | undefined, value: unknown): boolean {
  if (type === undefined) return true;
  const own = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return [type].flat().some((one) => one === own || (one === 'integer' && Number.isInteger(value)));
}
