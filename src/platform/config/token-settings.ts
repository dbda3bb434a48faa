import { choice, declare, integer, list, parseSecret, type Setting } from './setting.js';

/** The tokens of this server, the lifetimes of sessions, and whose tokens are accepted besides. */
export const TOKEN_SETTINGS = {
  jwtSecret: declare(
    {
      name: 'JWT_SECRET',
      aliases: ['JWT_SECRET_KEY'],
      description:
        'Signs access tokens, at least 32 bytes; unset: generated once in DATA_DIR (not allowed in production).',
    },
    '',
    parseSecret,
  ),
  jwtAccessTtl: integer({
    name: 'JWT_ACCESS_TTL',
    default: 3600,
    min: 1,
    max: 3600,
    description: 'Lifetime of an access token in seconds.',
  }),
  jwtRefreshTtl: integer({
    name: 'JWT_REFRESH_TTL',
    default: 2_592_000,
    min: 60,
    max: 31_536_000,
    description: 'Lifetime of a session in seconds; refreshing does not extend it.',
  }),
  sessionsMaxPerUser: integer({
    name: 'SESSIONS_MAX_PER_USER',
    default: 100,
    min: 1,
    max: 10_000,
    description:
      'Sessions one user may have by password login or by minted tokens; one more ends the least recently used session.',
  }),
  jwtExternalJwksUrl: list({
    name: 'JWT_EXTERNAL_JWKS_URL',
    check: (entry) => (isHttpUrl(entry) ? undefined : 'is not a URL starting with https:// or http://'),
    description:
      'URL of the keys (JWKS) of an identity provider whose tokens are also accepted; for several providers a comma list, as the two settings below, in the same order.',
  }),
  jwtExternalIssuer: list({
    name: 'JWT_EXTERNAL_ISSUER',
    check: () => undefined,
    description: 'Issuer (iss) that tokens of the identity provider must have.',
  }),
  jwtExternalAudience: list({
    name: 'JWT_EXTERNAL_AUDIENCE',
    check: () => undefined,
    description: 'Audience (aud) that tokens of the identity provider must have; one entry applies to all providers.',
  }),
  jwtExternalSecret: declare(
    {
      name: 'JWT_EXTERNAL_SECRET',
      description:
        'Secret, at least 32 bytes, with which the last issuer of JWT_EXTERNAL_ISSUER signs tokens (HS256); that issuer needs no JWKS URL.',
    },
    '',
    parseSecret,
  ),
  externalUsers: choice({
    name: 'EXTERNAL_USERS',
    options: ['create', 'reject'],
    default: 'create',
    description:
      'What happens to a valid token whose user is not known here: the user is created, or the token rejected.',
  }),
  hostTokenMaxTtl: integer({
    name: 'HOST_TOKEN_MAX_TTL',
    default: 86_400,
    min: 60,
    max: 86_400,
    description: 'Longest lifetime in seconds of a token that the host signs with a key, or has minted.',
  }),
  registration: declare<'open' | 'closed' | undefined>(
    {
      name: 'REGISTRATION',
      description:
        'Whether users may create accounts themselves: open or closed; unset: closed as soon as tokens of an identity provider or of a signing key are accepted, otherwise open.',
    },
    undefined,
    parseRegistration,
  ),
} satisfies Record<string, Setting<unknown>>;

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

function parseRegistration(value: string): 'open' | 'closed' {
  if (value !== 'open' && value !== 'closed') throw new Error('must be open or closed');
  return value;
}
