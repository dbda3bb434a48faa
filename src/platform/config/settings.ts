import { isIP } from 'node:net';
import { SEARCH_LANGUAGES } from '../text-search/stem.js';
import { cleanName } from '../validation/text.js';
import { FILE_SETTINGS } from './file-settings.js';
import { OBSERVABILITY_SETTINGS } from './observability-settings.js';
import { TOKEN_SETTINGS } from './token-settings.js';
import { RETENTION_SETTINGS } from './retention-settings.js';
import { LINK_PREVIEW_SETTINGS } from './link-preview-settings.js';
import { WEBHOOK_SETTINGS } from './webhook-settings.js';
import { DIALECT_NAMES, type DialectName, parseDialects } from './dialect-names.js';
import { parseSecret, choice, decimal, declare, flag, integer, list, text, url, type Setting } from './setting.js';

/**
 * Every setting of the program. Types, validation, `.env.example` and the documentation are derived from this table.
 */
export const SETTINGS = {
  nodeEnv: choice({
    name: 'NODE_ENV',
    options: ['development', 'production', 'test'],
    default: 'development',
    description: 'With "production", no secret is generated: JWT_SECRET and PASSWORD_PEPPER must be set.',
  }),
  port: integer({
    name: 'PORT',
    default: 3000,
    min: 0,
    max: 65_535,
    description: 'Port of HTTP and sockets; 0 chooses a free port.',
  }),
  host: text({ name: 'HOST', default: '0.0.0.0', description: 'IP address to listen on.' }),
  shutdownDelay: integer({
    name: 'SHUTDOWN_DELAY',
    default: 0,
    min: 0,
    max: 300,
    description:
      'Seconds a stopping server still serves requests while its readiness check fails, so that load balancers stop using it; 5 to 10 behind a load balancer.',
  }),
  searchLanguage: choice({
    name: 'SEARCH_LANGUAGE',
    options: SEARCH_LANGUAGES,
    default: 'simple',
    description:
      'The language of most messages: a search for a word also finds its other forms. With "simple" it finds words as they are written, and those that begin like the last one. The same for all processes; a change indexes all messages again in the background.',
  }),
  streamingTimeoutSeconds: integer({
    name: 'STREAMING_TIMEOUT',
    default: 120,
    min: 5,
    max: 86_400,
    description: 'Seconds without an append after which a streaming message ends with the text that it has.',
  }),
  dataDir: text({
    name: 'DATA_DIR',
    default: './data',
    description: 'Directory of the embedded database, uploaded files and generated secrets.',
  }),
  processRole: choice({
    name: 'PROCESS_ROLE',
    options: ['all', 'api', 'worker'],
    default: 'all',
    description: 'What this process does: everything, HTTP and sockets only, or background work only.',
  }),
  databaseUrl: url({
    name: 'DATABASE_URL',
    schemes: ['postgres', 'postgresql'],
    description: 'PostgreSQL 15 or later; unset: an embedded PostgreSQL is started in DATA_DIR.',
  }),
  databasePoolSize: integer({
    name: 'DATABASE_POOL_SIZE',
    default: 16,
    min: 2,
    max: 500,
    description: 'Connections to PostgreSQL for requests; background work has its own pool.',
  }),
  redisUrl: url({
    name: 'REDIS_URL',
    schemes: ['redis', 'rediss'],
    description:
      'For several processes: queues, hints between processes and rate limits are shared through Redis; unset: each process counts its own rate limits.',
  }),
  ...TOKEN_SETTINGS,
  passwordHash: choice({
    name: 'PASSWORD_HASH',
    options: ['bcrypt', 'argon2id'],
    default: 'bcrypt',
    description: 'How new passwords are hashed; existing hashes are replaced at the next login.',
  }),
  passwordPepper: declare(
    {
      name: 'PASSWORD_PEPPER',
      description:
        'Secret that is mixed into every password hash, at least 32 bytes; if it is lost, no password works. Unset: generated once in DATA_DIR (not allowed in production).',
    },
    '',
    parseSecret,
  ),
  bcryptCost: integer({
    name: 'BCRYPT_COST',
    default: 12,
    min: 4,
    max: 16,
    description: 'Work factor of bcrypt; below 10 is only allowed when NODE_ENV is test.',
  }),
  adminEmail: text({
    name: 'ADMIN_EMAIL',
    description: 'Email of the first admin; unset: generated and printed once.',
  }),
  adminPassword: text({
    name: 'ADMIN_PASSWORD',
    description: 'Password of the first admin; unset: generated and printed once.',
  }),
  allowedOrigins: list({
    name: 'ALLOWED_ORIGINS',
    aliases: ['CORS_ORIGINS'],
    check: (entry) =>
      URL.canParse(entry) && new URL(entry).origin === entry && entry !== 'null' && !entry.includes('*')
        ? undefined
        : 'is not an exact origin such as https://chat.example.com',
    description: 'Comma list of the exact origins whose pages may call this server.',
  }),
  publicUrl: url({
    name: 'PUBLIC_URL',
    schemes: ['http', 'https'],
    description:
      'URL at which clients reach this server, e.g. https://chat.example.com; unset: taken from each request.',
  }),
  allowedHosts: list({
    name: 'ALLOWED_HOSTS',
    check: (entry) =>
      /^[a-z\d._-]+(?::\d{1,5})?$/.test(entry)
        ? undefined
        : 'is not a host name in lower case, with a port or none, such as chat.example.com',
    description:
      'Comma list of the host names that requests may name, besides that of PUBLIC_URL and IP addresses; unset: any.',
  }),
  trustProxy: declare<number | readonly string[]>(
    {
      name: 'TRUST_PROXY',
      description:
        'Number of proxies in front of this server, or a comma list of their IP addresses; "true" is not allowed.',
    },
    0,
    parseTrustProxy,
  ),
  socketsPerAddress: integer({
    name: 'SOCKETS_PER_ADDRESS',
    default: 200,
    min: 1,
    max: 1_000_000,
    description:
      'Sockets one IP address may have open at the same time; raise it for offices that share one IP address.',
  }),
  socketIoPolling: flag({
    name: 'SOCKET_IO_POLLING',
    default: true,
    description:
      'With false, Socket.IO over HTTP polling is refused with a reason: it cannot work behind a load balancer without sticky sessions.',
  }),
  rateLimitMultiplier: decimal({
    name: 'RATE_LIMIT_MULTIPLIER',
    default: 1,
    above: 0,
    description: 'Factor applied to every rate limit; load tests use 100000.',
  }),
  contentMaxLength: integer({
    name: 'CONTENT_MAX_LENGTH',
    aliases: ['MAX_MESSAGE_LENGTH'],
    default: 5000,
    min: 1,
    max: 50_000,
    description: 'Maximum length of a message in Unicode code points.',
  }),
  contentPolicy: choice({
    name: 'CONTENT_POLICY',
    options: ['strip', 'preserve'],
    default: 'strip',
    description: 'Whether markup that has an effect in HTML is removed from messages.',
  }),
  systemName: declare(
    {
      name: 'SYSTEM_NAME',
      description: 'Display name of the account that sends what the server and server keys write, 1 to 80 characters.',
    },
    'System',
    parseSystemName,
  ),
  systemAvatarUrl: url({
    name: 'SYSTEM_AVATAR_URL',
    schemes: ['https'],
    description: 'Avatar of that account; unset: none.',
  }),
  userDirectory: choice({
    name: 'USER_DIRECTORY',
    // eslint-disable-next-line parley/plain-words -- what an operator writes in the environment
    options: ['everyone', 'shared_conversations', 'nobody'],
    default: 'everyone',
    description:
      'Whom users find by a search for names: everyone, those with whom they share a conversation, or no user. System moderators, admins and server keys find everyone.',
  }),
  directConversations: choice({
    name: 'DIRECT_CONVERSATIONS',
    options: ['everyone', 'shared_conversations', 'server'],
    default: 'everyone',
    description:
      'With whom users may begin a direct conversation: everyone, those with whom they share a conversation, or no user, because server keys create them. Admins and server keys may begin any.',
  }),
  guestAccess: choice({
    name: 'GUEST_ACCESS',
    options: ['off', 'read', 'write'],
    default: 'read',
    description: 'What a guest, who has no account, may do in public rooms.',
  }),
  dialects: declare<readonly DialectName[]>(
    {
      name: 'DIALECTS',
      description: `The dialects (APIs of other chat systems) that are served besides /api/v1: all, none, or a comma list of ${DIALECT_NAMES.join(', ')}.`,
    },
    DIALECT_NAMES,
    parseDialects,
  ),
  ...FILE_SETTINGS,
  ...LINK_PREVIEW_SETTINGS,
  ...WEBHOOK_SETTINGS,
  ...RETENTION_SETTINGS,
  scheduleDryRun: flag({
    name: 'SCHEDULE_DRY_RUN',
    default: false,
    description: 'With true, scheduled tasks (retention, expiry) only log what they would do.',
  }),
  ...OBSERVABILITY_SETTINGS,
  shedPoolWaitMs: integer({
    name: 'SHED_POOL_WAIT_MS',
    default: 200,
    min: 0,
    max: 60_000,
    description:
      'Milliseconds of waiting for a database connection from which work is refused, the lowest priority first; 0: never.',
  }),
  shedLoopLagMs: integer({
    name: 'SHED_LOOP_LAG_MS',
    default: 100,
    min: 0,
    max: 60_000,
    description: 'Milliseconds the event loop may be late before work is refused, the lowest priority first; 0: never.',
  }),
  logLevel: choice({
    name: 'LOG_LEVEL',
    options: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    description: 'Lowest level that is logged; "debug" adds a line for each request.',
  }),
} satisfies Record<string, Setting<unknown>>;

type ValueOf<S> = S extends Setting<infer T> ? T : never;
export type SettingValues = { readonly [Key in keyof typeof SETTINGS]: ValueOf<(typeof SETTINGS)[Key]> };

function parseSystemName(value: string): string {
  const name = cleanName(value);
  if (name === '' || [...name].length > 80) throw new Error('must be a visible text of 1 to 80 characters');
  return name;
}

function parseTrustProxy(value: string): number | readonly string[] {
  if (/^\d{1,2}$/.test(value)) return Number(value);
  const entries = value.split(',').map((entry) => entry.trim());
  for (const entry of entries) {
    const [ip = '', bits, ...rest] = entry.split('/');
    const version = isIP(ip);
    const maxBits = version === 4 ? 32 : 128;
    const validBits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= maxBits);
    if (!version || !validBits || rest.length > 0) {
      throw new Error(
        'must be a number of proxies or a comma list of IP addresses; anything else would let clients choose their IP address',
      );
    }
  }
  return entries;
}
