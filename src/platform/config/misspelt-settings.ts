import { LIMIT_VARIABLES } from '../throttling/limits.js';
import { SETTINGS } from './settings.js';

const KNOWN = [
  ...Object.values(SETTINGS).flatMap(({ name, aliases }) => [name, ...aliases]),
  ...LIMIT_VARIABLES.map(({ name }) => name),
];
/** Shorter names resemble too many variables of other programs: PORT and POST, HOST and HOSTS. */
const MIN_LENGTH = 6;
/** A name of at least this length is recognised with two typing errors; a shorter one with one. */
const LONG_LENGTH = 12;

/**
 * Returns a problem for each variable that is not a setting but differs from one by a typing error: an added, missing
 * or wrong letter, two letters swapped, or lower case. Without this check the setting would silently have its default.
 * The name of a setting with a suffix (`REDIS_URL_2`) is a variable of the operator and is ignored.
 */
export function misspelt(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(KNOWN);
  return Object.keys(environment)
    .filter((name) => !known.has(name) && environment[name]?.trim())
    .flatMap((name) => {
      const meant = KNOWN.find((setting) => resembles(name, setting));
      return meant && !environment[meant]?.trim()
        ? [`${name} is not a setting; rename it to ${meant} or remove it`]
        : [];
    });
}

function resembles(name: string, setting: string): boolean {
  if (name.toUpperCase() === setting) return true;
  if (setting.length < MIN_LENGTH || name.startsWith(setting)) return false;
  const typos = setting.length < LONG_LENGTH ? 1 : 2;
  return Math.abs(name.length - setting.length) <= typos && distance(name, setting) <= typos;
}

/** The number of edits between two texts, where a swap of neighbours is one edit (optimal string alignment). */
function distance(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const replaced = rows[i - 1]![j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const swapped = isSwap ? rows[i - 2]![j - 2]! + 1 : Infinity;
      row.push(Math.min(replaced, swapped, rows[i - 1]![j]! + 1, row[j - 1]! + 1));
    }
    rows.push(row);
  }
  return rows[one.length]![other.length]!;
}
