/** Every string in a JSON value, including the names of properties. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return Object.entries(value).flatMap(([name, child]) => [name, ...textsIn(child)]);
}

/** The same value with some of its strings and property names replaced. */
export function withTexts(value: unknown, replaced: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return replaced.get(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withTexts(item, replaced));
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [replaced.get(name) ?? name, withTexts(child, replaced)]),
  );
}
