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

const SECRET_QUERY = new RegExp(`([?&](?:${SECRET_NAMES.join('|')})=)[^&#]*`, 'gi');
/** An address that carries a token, or the key of a session, as a path segment. */
const SECRET_SEGMENT = /(\/api\/(?:ws|sessions)\/)[^/?#]+/gi;

/** An address as it may stand in a log: tokens that came in the query or the path are gone. */
export function redactAddress(address: string): string {
  return address.replace(SECRET_SEGMENT, '$1[redacted]').replace(SECRET_QUERY, '$1[redacted]');
}
