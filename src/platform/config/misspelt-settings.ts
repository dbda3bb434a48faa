import { SETTINGS } from './settings.js';

const SETTING_NAMES = Object.values(SETTINGS).flatMap(({ name, aliases }) => [name, ...aliases]);
/** Shorter names resemble too many variables of other programs: PORT and POST, HOST and HOSTS. */
const MIN_LENGTH = 6;
/** A name of at least this length is recognised with two typing errors; a shorter one with one. */
const LONG_LENGTH = 12;

/**
 * Returns a problem for each variable that is neither a setting nor a number of a limit (`limitNames`) but differs from
 * one by a typing error: an added, missing or wrong letter, two letters swapped, or lower case. Without this check the
 * setting would silently have its default. The name of a setting with a suffix (`REDIS_URL_2`) is a variable of the
 * operator and is ignored.
 */
export function misspellingProblems(
  environment: Readonly<Record<string, string | undefined>>,
  limitNames: readonly string[],
): string[] {
  const names = [...SETTING_NAMES, ...limitNames];
  const known = new Set(names);
  return Object.keys(environment)
    .filter((name) => !known.has(name) && environment[name]?.trim())
    .flatMap((name) => {
      const meant = names.find((setting) => resembles(name, setting));
      return meant && !environment[meant]?.trim()
        ? [`${name} is not a setting; rename it to ${meant} or remove it`]
        : [];
    });
}

function resembles(name: string, setting: string): boolean {
  const typos = setting.length < LONG_LENGTH ? 1 : 2;
  if (Math.abs(name.length - setting.length) > typos) return false; // most pairs of the ten thousand end here
  if (name.toUpperCase() === setting) return true;
  return setting.length >= MIN_LENGTH && !name.startsWith(setting) && differsBy(typos, name, setting);
}

/** Whether at most `typos` edits make one text the other, where a swap of neighbours is one edit. */
function differsBy(typos: number, one: string, other: string): boolean {
  let same = 0;
  while (same < one.length && one[same] === other[same]) same += 1;
  if (same === one.length && same === other.length) return true;
  if (typos === 0) return false;
  const edited = (inOne: number, inOther: number): boolean =>
    differsBy(typos - 1, one.slice(same + inOne), other.slice(same + inOther));
  const isSwap = one[same] === other[same + 1] && one[same + 1] === other[same];
  return edited(1, 1) || edited(1, 0) || edited(0, 1) || (isSwap && edited(2, 2));
}
