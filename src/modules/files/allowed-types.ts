import { FILE_TYPES, type FileType } from './file-types.js';

const OWN_NAMES = new Set(FILE_TYPES.map(({ type }) => type));

const KNOWN_NAMES = new Set(FILE_TYPES.flatMap(({ type, aliases, extensions }) => [type, ...aliases, ...extensions]));

/** Returns the configured names that no type has, so that they would never match. */
export function unknownTypes(named: readonly string[]): string[] {
  return named.filter((name) => !KNOWN_NAMES.has(plainName(name)));
}

/**
 * Whether the configuration allows files of a type. It names types by extension (`.jpg`, which includes `.jpeg`) or by
 * media type; without names every known type is allowed.
 */
export function isAllowedType({ type, aliases, extensions }: FileType, named: readonly string[]): boolean {
  if (named.length === 0) return true;
  // Windows declares CSV with the type of Excel; a configuration that names the type of Excel does not mean CSV.
  const names = new Set([type, ...aliases.filter((alias) => !OWN_NAMES.has(alias)), ...extensions]);
  return named.some((name) => names.has(plainName(name)));
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/^\./, '');
}
