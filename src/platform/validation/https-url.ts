import { ValidationError } from '../errors/app-error.js';

const URL_MAX = 2048;

/**
 * Returns the normalized form of an https URL without a user name or password. `field` names the input field.
 * @throws ValidationError
 */
export function requireHttpsUrl(field: string, text: string): string {
  const url = httpsUrlOf(text);
  if (url === undefined) throw ValidationError.of(field, 'must be an https URL');
  return url;
}

/** The same for a text that was not given as input; undefined if it is not such a URL. */
export function httpsUrlOf(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isAllowed = url?.protocol === 'https:' && !url.username && !url.password && url.href.length <= URL_MAX;
  return isAllowed ? url.href : undefined;
}
