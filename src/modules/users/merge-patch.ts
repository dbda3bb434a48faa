type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Returns the object with the changes of a merge patch (RFC 7396): members of the patch replace those of the object,
 * objects are merged, and null removes a member. Neither argument is changed.
 */
export function applyMergePatch(target: JsonObject, patch: JsonObject): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = isObject(value) ? applyMergePatch(isObject(merged[name]) ? merged[name] : {}, value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
