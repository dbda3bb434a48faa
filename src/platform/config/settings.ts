import { isIP } from 'node:net';
import { FILE_SETTINGS } from './file-settings.js';
import { parseSecret } from './secret-setting.js';
import { WEBHOOK_SETTINGS } from './webhook-settings.js';
import { DIALECT_NAMES, type DialectName, parseDialects } from './dialect-names.js';
import { address, choice, decimal, declare, flag, integer, list, text, type Setting } from './setting.js';

/** Every setting of the program. Types, validation, `.env.example` and the documentation come from this table alone. */
export const SETTINGS = {
  nodeEnv: choice({
    name: 'NODE_ENV',
    options: ['development', 'production', 'test'],
    default: 'development',
    sentence: 'With "production" no secret is generated: JWT_SECRET and PASSWORD_PEPPER must be set.',
  }),
  port: integer({
    name: 'PORT',
    default: 3000,
    min: 0,
    max: 65_535,
    sentence: 'Port of HTTP and sockets; 0 takes a free one.',
  }),
  host: text({ name: 'HOST', default: '0.0.0.0', sentence: 'Address to listen on.' }),
  shutdownDelay: integer({
    name: 'SHUTDOWN_DELAY',
    default: 0,
    min: 0,
    max: 300,
    sentence:
      'Seconds for which a server that is told to end says it is not ready and still serves, so that load balancers notice; 5 to 10 behind one.',
  }),
  dataDir: text({
    name: 'DATA_DIR',
    default: './data',
    sentence: 'Where the embedded database, uploaded files and generated secrets live.',
  }),
  processRole: choice({
    name: 'PROCESS_ROLE',
    options: ['all', 'api', 'worker'],
    default: 'all',
    sentence: 'What this process does: everything, HTTP and sockets only, or background work only.',
  }),
  databaseUrl: address({
    name: 'DATABASE_URL',
    schemes: ['postgres', 'postgresql'],
    sentence: 'PostgreSQL 15 or later; unset: a PostgreSQL of its own is started in DATA_DIR.',
  }),
  databasePoolSize: integer({
    name: 'DATABASE_POOL_SIZE',
    default: 16,
    min: 2,
    max: 500,
    sentence: 'Connections to PostgreSQL for requests; background work has its own.',
  }),
  redisUrl: address({
    name: 'REDIS_URL',
    schemes: ['redis', 'rediss'],
    sentence:
      'For several processes: queues, hints between them and counted limits are then shared over Redis; without it each counts by itself.',
  }),
  jwtSecret: declare(
    {
      name: 'JWT_SECRET',
      aliases: ['JWT_SECRET_KEY'],
      sentence: 'Signs access tokens, at least 32 bytes; unset: generated once into DATA_DIR (refused in production).',
    },
    '',
    parseSecret,
  ),
  jwtAccessTtl: integer({
    name: 'JWT_ACCESS_TTL',
    default: 3600,
    min: 1,
    max: 3600,
    sentence: 'Life of an access token in seconds.',
  }),
  jwtRefreshTtl: integer({
    name: 'JWT_REFRESH_TTL',
    default: 2_592_000,
    min: 60,
    max: 31_536_000,
    sentence: 'Life of a session in seconds, however often it is refreshed.',
  }),
  sessionsMaxPerUser: integer({
    name: 'SESSIONS_MAX_PER_USER',
    default: 100,
    min: 1,
    max: 10_000,
    sentence: 'Sessions one user may have by password; one more ends the one that was used longest ago.',
  }),
  jwtExternalJwksUrl: address({
    name: 'JWT_EXTERNAL_JWKS_URL',
    schemes: ['https', 'http'],
    sentence: 'Keys of an identity provider whose tokens are accepted too; users are created on first sight.',
  }),
  jwtExternalIssuer: text({ name: 'JWT_EXTERNAL_ISSUER', sentence: 'Issuer the external tokens must name.' }),
  jwtExternalAudience: text({ name: 'JWT_EXTERNAL_AUDIENCE', sentence: 'Audience the external tokens must name.' }),
  passwordHash: choice({
    name: 'PASSWORD_HASH',
    options: ['bcrypt', 'argon2id'],
    default: 'bcrypt',
    sentence: 'How new passwords are hashed; older ones are hashed again at the next login.',
  }),
  passwordPepper: declare(
    {
      name: 'PASSWORD_PEPPER',
      sentence:
        'Mixed into every password, at least 32 bytes; without it no password works. Unset: generated once into DATA_DIR (refused in production).',
    },
    '',
    parseSecret,
  ),
  bcryptCost: integer({
    name: 'BCRYPT_COST',
    default: 12,
    min: 4,
    max: 16,
    sentence: 'Work factor of bcrypt; below 10 only when NODE_ENV is test.',
  }),
  adminEmail: text({ name: 'ADMIN_EMAIL', sentence: 'E-mail of the first admin; unset: made up and printed once.' }),
  adminPassword: text({
    name: 'ADMIN_PASSWORD',
    sentence: 'Password of the first admin; unset: made up and printed once.',
  }),
  allowedOrigins: list({
    name: 'ALLOWED_ORIGINS',
    aliases: ['CORS_ORIGINS'],
    check: (entry) =>
      URL.canParse(entry) && new URL(entry).origin === entry && entry !== 'null' && !entry.includes('*')
        ? undefined
        : 'is not an exact origin such as https://chat.example.com',
    sentence: 'Comma list of the exact origins whose pages may call this server.',
  }),
  publicUrl: address({
    name: 'PUBLIC_URL',
    schemes: ['http', 'https'],
    sentence: 'Where clients reach this server, e.g. https://chat.example.com; unset: as each request says.',
  }),
  allowedHosts: list({
    name: 'ALLOWED_HOSTS',
    check: (entry) =>
      /^[a-z\d._-]+(?::\d{1,5})?$/.test(entry)
        ? undefined
        : 'is not a host name in lower case, with a port or none, such as chat.example.com',
    sentence:
      'Comma list of the host names this server is called by, beside that of PUBLIC_URL and IP addresses; unset: any.',
  }),
  trustProxy: declare<number | readonly string[]>(
    {
      name: 'TRUST_PROXY',
      sentence: 'How many proxies stand in front (a number), or their addresses as a comma list; "true" is refused.',
    },
    0,
    parseTrustProxy,
  ),
  socketsPerAddress: integer({
    name: 'SOCKETS_PER_ADDRESS',
    default: 200,
    min: 1,
    max: 1_000_000,
    sentence: 'Sockets one address may have open at a time; raise it for offices behind one address.',
  }),
  socketIoPolling: flag({
    name: 'SOCKET_IO_POLLING',
    default: true,
    sentence:
      'With false, Socket.IO over HTTP polling is refused with a reason: behind a balancer without sticky sessions it cannot work.',
  }),
  rateLimitMultiplier: decimal({
    name: 'RATE_LIMIT_MULTIPLIER',
    default: 1,
    above: 0,
    sentence: 'Scales every limit; load tests use 100000.',
  }),
  contentMaxLength: integer({
    name: 'CONTENT_MAX_LENGTH',
    aliases: ['MAX_MESSAGE_LENGTH'],
    default: 5000,
    min: 1,
    max: 50_000,
    sentence: 'Longest message in Unicode code points.',
  }),
  contentPolicy: choice({
    name: 'CONTENT_POLICY',
    options: ['strip', 'preserve'],
    default: 'strip',
    sentence: 'Whether markup that has an effect in HTML is taken out of messages.',
  }),
  guestAccess: choice({
    name: 'GUEST_ACCESS',
    options: ['off', 'read', 'write'],
    default: 'read',
    sentence: 'What somebody without an account may do in public rooms.',
  }),
  dialects: declare<readonly DialectName[]>(
    {
      name: 'DIALECTS',
      sentence: `The address families beside /api/v1: all, none, or a comma list of ${DIALECT_NAMES.join(', ')}.`,
    },
    DIALECT_NAMES,
    parseDialects,
  ),
  ...FILE_SETTINGS,
  ...WEBHOOK_SETTINGS,
  scheduleDryRun: flag({
    name: 'SCHEDULE_DRY_RUN',
    default: false,
    sentence: 'With true, regular work (retention, expiry) only says in the log what it would do.',
  }),
  metricsToken: text({
    name: 'METRICS_TOKEN',
    sentence: 'Bearer token for /metrics; unset: only this machine itself may read them, and not through a proxy.',
  }),
  metricsPort: declare<number | undefined>(
    {
      name: 'METRICS_PORT',
      sentence: 'A port of its own for /metrics, which a worker has nowhere else; 0 takes a free one, unset: none.',
    },
    undefined,
    (value) => {
      const port = Number(value);
      if (!/^\d+$/.test(value) || port > 65_535) throw new Error('must be a whole number from 0 to 65535');
      return port;
    },
  ),
  sentryDsn: address({
    name: 'SENTRY_DSN',
    schemes: ['https', 'http'],
    sentence: 'Where what the log calls an error is reported to; unset: nowhere, and nothing of Sentry is loaded.',
  }),
  otelEndpoint: address({
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    schemes: ['https', 'http'],
    sentence: 'Collector of traces over OTLP/HTTP; unset: no traces, and nothing of OpenTelemetry is loaded.',
  }),
  otelServiceName: text({
    name: 'OTEL_SERVICE_NAME',
    default: 'parley',
    sentence: 'Name of this program in traces.',
  }),
  otelSampleShare: decimal({
    name: 'OTEL_TRACES_SAMPLER_ARG',
    default: 1,
    above: 0,
    max: 1,
    sentence: 'Share of requests and frames that are traced, up to 1.',
  }),
  shedPoolWaitMs: integer({
    name: 'SHED_POOL_WAIT_MS',
    default: 200,
    min: 0,
    max: 60_000,
    sentence:
      'Milliseconds of waiting for a database connection from which work is turned away, the least needed first; 0: never.',
  }),
  shedLoopLagMs: integer({
    name: 'SHED_LOOP_LAG_MS',
    default: 100,
    min: 0,
    max: 60_000,
    sentence: 'Milliseconds the event loop may be late before work is turned away, the least needed first; 0: never.',
  }),
  logLevel: choice({
    name: 'LOG_LEVEL',
    options: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    sentence: 'Least level that is logged; "debug" adds a line a request.',
  }),
} satisfies Record<string, Setting<unknown>>;

type ValueOf<S> = S extends Setting<infer T> ? T : never;
export type SettingValues = { readonly [Key in keyof typeof SETTINGS]: ValueOf<(typeof SETTINGS)[Key]> };

function parseTrustProxy(value: string): number | readonly string[] {
  if (/^\d{1,2}$/.test(value)) return Number(value);
  const entries = value.split(',').map((entry) => entry.trim());
  for (const entry of entries) {
    const [ip = '', bits, ...rest] = entry.split('/');
    const version = isIP(ip);
    const most = version === 4 ? 32 : 128;
    const validBits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
    if (!version || !validBits || rest.length > 0) {
      throw new Error(
        'must be a number of proxies or a comma list of addresses; anything else lets clients choose their address',
      );
    }
  }
  return entries;
}
