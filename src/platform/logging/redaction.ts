/** Query parameters with search terms, which are as private as messages. */
const SEARCH_PARAMETERS = ['q', 'search'];

/** Names whose values are never logged, at any level of a logged object. */
const SECRET_NAMES = [
  'password',
  'current_password',
  'new_password',
  'token',
  'access_token',
  'refresh_token',
  'session_id',
  'ticket',
  'secret',
  'authorization',
  'cookie',
];

/**
 * The redaction of pino: secrets at the top of a record and up to two levels down, the greatest depth that is logged.
 */
export const REDACTION = {
  censor: '[redacted]',
  paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]).concat('headers["set-cookie"]'),
};

/** A URL with a token, or the key of a session, as a path segment. */
const SECRET_SEGMENT = /(\/api\/(?:ws|sessions)\/)[^/?#]+/gi;

const HIDDEN_PARAMETERS = new Set([...SECRET_NAMES, ...SEARCH_PARAMETERS]);
/**
 * A name ends where another may begin; otherwise the text would be scanned to its end for each of many question marks.
 */
const PARAMETER = /([?&])([^?=&#]*)=[^&#]*/g;

/**
 * Returns a URL that may be logged: tokens and search terms in the query or the path are replaced. The names of
 * parameters are compared decoded and without case.
 */
export function redactUrl(url: string): string {
  return url
    .replace(SECRET_SEGMENT, '$1[redacted]')
    .replace(PARAMETER, (whole: string, mark: string, name: string) =>
      HIDDEN_PARAMETERS.has(decoded(name)) ? `${mark}${name}=[redacted]` : whole,
    );
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).toLowerCase();
  } catch {
    return name.toLowerCase();
  }
}
