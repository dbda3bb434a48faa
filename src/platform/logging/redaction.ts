/** Parameters of addresses with what people look for, which is as private as what they write. */
const SEARCH_PARAMETERS = ['q', 'search'];

/** Names whose values never reach a log, wherever they stand in an object that is logged. */
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

/** pino's redaction: secrets at the top of a record and one or two levels down, which is as deep as we log. */
export const REDACTION = {
  censor: '[redacted]',
  paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]).concat('headers["set-cookie"]'),
};

/** An address that carries a token, or the key of a session, as a path segment. */
const SECRET_SEGMENT = /(\/api\/(?:ws|sessions)\/)[^/?#]+/gi;

const HIDDEN_PARAMETERS = new Set([...SECRET_NAMES, ...SEARCH_PARAMETERS]);
/** A name ends where another may begin: else each of many question marks is looked through to the end. */
const PARAMETER = /([?&])([^?=&#]*)=[^&#]*/g;

/**
 * An address as it may stand in a log: tokens and words of a search that came in the query or the path are gone, however their names are
 * written.
 */
export function redactAddress(address: string): string {
  return address
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
