/** Beside the values, not in them: a copy of a value that was changed must not be taken for its JSON. */
const texts = new WeakMap<object, string>();

/** Remembers the JSON of a value that goes out more than once; nobody changes the value afterwards. */
export function encodedAs<T extends object>(value: T, json: string): T {
  texts.set(value, json);
  return value;
}

/** The JSON of a value, made now unless it is remembered. */
export function jsonOf(value: object): string {
  return texts.get(value) ?? JSON.stringify(value);
}
