import { LIMIT_VARIABLES } from '../throttling/limits.js';
import { SETTINGS } from './settings.js';

const KNOWN = [
  ...Object.values(SETTINGS).flatMap(({ name, aliases }) => [name, ...aliases]),
  ...LIMIT_VARIABLES.map(({ name }) => name),
];
/** A shorter name resembles too many variables of other programs: PORT and POST, HOST and HOSTS. */
const LEAST_LENGTH = 6;
/** From this length on two slips of the finger still resemble nothing but the one name. */
const LONG_LENGTH = 12;

/**
 * A problem for each variable that is no setting and differs from one by a slip: a letter more, less or another, two
 * letters the other way round, small letters. Without this the setting keeps its default in silence. A setting's name
 * with something behind it (`REDIS_URL_2`) is a variable of the operator's own and passes.
 */
export function misspelt(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(KNOWN);
  return Object.keys(environment)
    .filter((name) => !known.has(name) && environment[name]?.trim())
    .flatMap((name) => {
      const meant = KNOWN.find((setting) => resembles(name, setting));
      return meant && !environment[meant]?.trim() ? [`${name} is no setting; rename it to ${meant} or remove it`] : [];
    });
}

function resembles(name: string, setting: string): boolean {
  if (name.toUpperCase() === setting) return true;
  if (setting.length < LEAST_LENGTH || name.startsWith(setting)) return false;
  const slips = setting.length < LONG_LENGTH ? 1 : 2;
  return Math.abs(name.length - setting.length) <= slips && distance(name, setting) <= slips;
}

/** Edits that turn one text into the other, a swap of neighbours being one (optimal string alignment). */
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
