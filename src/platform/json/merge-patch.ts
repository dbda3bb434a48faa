type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Returns `target` with `patch` merged into it (RFC 7396): null removes a member, objects are merged, and every other
 * value replaces the former one. With an empty target the result is the patch without its nulls.
 */
export function mergePatch(target: JsonObject, patch: JsonObject): Record<string, unknown> {
  const merged = new Map(Object.entries(target));
  for (const [name, value] of Object.entries(patch)) {
    const former = merged.get(name);
    if (value === null) merged.delete(name);
    else merged.set(name, isJsonObject(value) ? mergePatch(isJsonObject(former) ? former : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
