import { ValidationError } from '../errors/app-error.js';

const URL_MAX = 2048;

/**
 * Returns the normalized form of an https URL without a user name or password. `field` names the input field.
 * @throws ValidationError
 */
export function requireHttpsUrl(field: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.username || url.password || url.href.length > URL_MAX) {
    throw ValidationError.of(field, 'must be an https URL');
  }
  return url.href;
}
