import { FILE_TYPES, type FileType } from './file-types.js';

const OWN_NAMES = new Set(FILE_TYPES.map(({ type }) => type));

const KNOWN_NAMES = new Set(FILE_TYPES.flatMap(({ type, aliases, extensions }) => [type, ...aliases, ...extensions]));

/** The names, as an installation gives them, of which there is no type: nothing would ever be taken under them. */
export function unknownTypes(named: readonly string[]): string[] {
  return named.filter((name) => !KNOWN_NAMES.has(plainName(name)));
}

/**
 * Whether an installation takes files of a type. It names types by extension (`.jpg`, which is `.jpeg` too) or by media
 * type; naming none it takes every type there is.
 */
export function isAllowedType({ type, aliases, extensions }: FileType, named: readonly string[]): boolean {
  if (named.length === 0) return true;
  // Windows declares CSV as Excel's; who names Excel's does not mean CSV.
  const names = new Set([type, ...aliases.filter((alias) => !OWN_NAMES.has(alias)), ...extensions]);
  return named.some((name) => names.has(plainName(name)));
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/^\./, '');
}
