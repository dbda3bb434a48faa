interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** A user, message or conversation that does not exist: readers replace it. */
const EXAMPLE_ID = '01930000-0000-7000-8000-000000000000';

/**
 * Returns an example of a request body that the route accepts once its ids exist: the required fields, and the optional
 * ones whose declaration has an example. The page of the document sends it unedited.
 */
export function exampleOf(schema: object, schemas: Readonly<Record<string, object>>): unknown {
  const { $ref, example, allOf, enum: values, type, properties, items, ...more } = schema as Schema;
  if (example !== undefined) return example;
  if ($ref) return exampleOf(schemas[$ref.slice('#/components/schemas/'.length)] ?? {}, schemas);
  if (allOf?.[0]) return exampleOf(allOf[0], schemas);
  if (values) return values[0];
  if (properties) return exampleOfObject(properties, more.required ?? [], schemas);
  switch ([type ?? 'string'].flat()[0]) {
    case 'object':
      return {};
    case 'array':
      return [exampleOf(items ?? {}, schemas)];
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return Math.max(more.minimum ?? 1, 1);
    default:
      return exampleOfText(more);
  }
}

function exampleOfObject(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
  schemas: Readonly<Record<string, object>>,
): Record<string, unknown> {
  const shown = Object.entries(properties).filter(
    ([name, inner]) => required.includes(name) || inner.example !== undefined,
  );
  return Object.fromEntries(shown.map(([name, inner]) => [name, exampleOf(inner, schemas)]));
}

function exampleOfText({ format, minLength = 1 }: Pick<Schema, 'format' | 'minLength'>): string {
  if (format === 'uuid' || format === 'user-id') return EXAMPLE_ID;
  if (format === 'date-time') return '2030-01-01T00:00:00Z';
  return 'text'.padEnd(minLength, '.');
}
