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

/** The path at which an uploaded image is shown as an avatar or as the picture of a conversation, before its id. */
export const PICTURES_PATH = '/api/v1/pictures/';
const OWN_PICTURE = new RegExp(`^${PICTURES_PATH}[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`);

/** As `requireHttpsUrl`, and also the path of an uploaded image. @throws ValidationError */
export function requirePictureUrl(field: string, text: string): string {
  const url = OWN_PICTURE.test(text) ? text : httpsUrlOf(text);
  if (url === undefined)
    throw ValidationError.of(field, `must be an https URL or ${PICTURES_PATH} and the id of a file`);
  return url;
}
