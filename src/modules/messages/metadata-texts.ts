/** Every text in a JSON value, the names of members among them. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return Object.entries(value).flatMap(([name, member]) => [name, ...textsIn(member)]);
}

/** The same value with some of its texts, and names of members, replaced. */
export function withTexts(value: unknown, replaced: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return replaced.get(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withTexts(item, replaced));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [replaced.get(name) ?? name, withTexts(member, replaced)]),
  );
}
