import { isIP } from 'node:net';
import { DIALECT_NAMES, type DialectName, parseDialects } from './dialect-names.js';
import { address, choice, decimal, declare, flag, integer, integers, list, text, type Setting } from './setting.js';

const MIB = 1024 * 1024;
const FILE_TYPE = /^(?:\.?[a-z0-9]{1,10}|[a-z]+\/[a-z0-9.+-]{1,100})$/i;

/** Every setting of the program. Types, validation, `.env.example` and the documentation come from this table alone. */
export const SETTINGS = {
  nodeEnv: text({
    name: 'NODE_ENV',
    default: 'development',
    sentence: 'With "production" nothing secret is made up: JWT_SECRET must be set.',
  }),
  port: integer({
    name: 'PORT',
    default: 3000,
    min: 0,
    max: 65_535,
    sentence: 'Port of HTTP and sockets; 0 takes a free one.',
  }),
  host: text({ name: 'HOST', default: '0.0.0.0', sentence: 'Address to listen on.' }),
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
    sentence: 'Needed only for more than one process: queues, limits and presence are then shared over Redis.',
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
      URL.canParse(entry) && new URL(entry).origin === entry && entry !== 'null'
        ? undefined
        : 'is not an exact origin such as https://chat.example.com',
    sentence: 'Comma list of the exact origins whose pages may call this server.',
  }),
  publicUrl: address({
    name: 'PUBLIC_URL',
    schemes: ['http', 'https'],
    sentence: 'Where clients reach this server, e.g. https://chat.example.com; unset: as each request says.',
  }),
  trustProxy: declare<number | readonly string[]>(
    {
      name: 'TRUST_PROXY',
      sentence: 'How many proxies stand in front (a number), or their addresses as a comma list; "true" is refused.',
    },
    0,
    parseTrustProxy,
  ),
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
    sentence: 'Whether HTML tags are taken out of messages.',
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
  storage: choice({
    name: 'STORAGE',
    options: ['disk', 's3'],
    default: 'disk',
    sentence: 'Where uploaded files live: in DATA_DIR, or in an S3-compatible store (needed for several machines).',
  }),
  s3Endpoint: address({
    name: 'S3_ENDPOINT',
    schemes: ['https', 'http'],
    sentence: 'Address of the S3-compatible store, without the bucket.',
  }),
  s3Bucket: text({ name: 'S3_BUCKET', sentence: 'The bucket, which must exist and must not be public.' }),
  s3Region: text({ name: 'S3_REGION', default: 'us-east-1', sentence: 'Region the requests are signed for.' }),
  s3AccessKeyId: text({
    name: 'S3_ACCESS_KEY_ID',
    aliases: ['AWS_ACCESS_KEY_ID'],
    sentence: 'Key that may read, write and delete objects of the bucket.',
  }),
  s3SecretAccessKey: text({
    name: 'S3_SECRET_ACCESS_KEY',
    aliases: ['AWS_SECRET_ACCESS_KEY'],
    sentence: 'Secret of that key.',
  }),
  s3Downloads: choice({
    name: 'S3_DOWNLOADS',
    options: ['redirect', 'proxy'],
    default: 'redirect',
    sentence:
      'How files are downloaded from the store: by redirect to an address of the store that lives a minute, or through this server.',
  }),
  fileMaxImageBytes: integer({
    name: 'FILE_MAX_IMAGE_BYTES',
    aliases: ['MAX_FILE_SIZE'],
    default: 10 * MIB,
    min: 1,
    max: 1024 * MIB,
    sentence: 'Largest image.',
  }),
  fileMaxDocumentBytes: integer({
    name: 'FILE_MAX_DOCUMENT_BYTES',
    aliases: ['MAX_FILE_SIZE'],
    default: 25 * MIB,
    min: 1,
    max: 1024 * MIB,
    sentence: 'Largest document or archive.',
  }),
  fileMaxMediaBytes: integer({
    name: 'FILE_MAX_MEDIA_BYTES',
    aliases: ['MAX_FILE_SIZE'],
    default: 50 * MIB,
    min: 1,
    max: 1024 * MIB,
    sentence: 'Largest audio or video file.',
  }),
  fileTypes: list({
    name: 'FILE_TYPES',
    aliases: ['ALLOWED_FILE_TYPES'],
    check: (type) =>
      FILE_TYPE.test(type) ? undefined : 'is neither an extension such as .jpg nor a type such as image/jpeg',
    sentence: 'Comma list of the file types taken, as extensions or media types; unset: all that can be checked.',
  }),
  filesDir: text({
    name: 'FILES_DIR',
    aliases: ['UPLOAD_DIR'],
    sentence: 'Where uploaded files are kept when STORAGE is disk; unset: in DATA_DIR.',
  }),
  fileQuotaBytes: integer({
    name: 'FILE_QUOTA_BYTES',
    default: 1024 * MIB,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    sentence: 'Bytes of files one user may keep.',
  }),
  fileQuotaBytesModerator: integer({
    name: 'FILE_QUOTA_BYTES_MODERATOR',
    default: 5 * 1024 * MIB,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    sentence: 'Bytes of files one user may keep. For moderators.',
  }),
  fileQuotaBytesAdmin: integer({
    name: 'FILE_QUOTA_BYTES_ADMIN',
    default: 20 * 1024 * MIB,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    sentence: 'Bytes of files one user may keep. For admins.',
  }),
  fileQuotaCount: integer({
    name: 'FILE_QUOTA_COUNT',
    default: 5000,
    min: 1,
    max: 1_000_000,
    sentence: 'Files one user may keep.',
  }),
  fileQuotaCountModerator: integer({
    name: 'FILE_QUOTA_COUNT_MODERATOR',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    sentence: 'Files one user may keep. For moderators.',
  }),
  fileQuotaCountAdmin: integer({
    name: 'FILE_QUOTA_COUNT_ADMIN',
    default: 50_000,
    min: 1,
    max: 1_000_000,
    sentence: 'Files one user may keep. For admins.',
  }),
  clamavUrl: address({
    name: 'CLAMAV_URL',
    schemes: ['tcp'],
    sentence:
      'A clamd that looks at every upload, as tcp://host:3310, in a private network; unset: the built-in checks alone.',
  }),
  webhookAllowPrivateNetwork: flag({
    name: 'WEBHOOK_ALLOW_PRIVATE_NETWORK',
    default: false,
    sentence:
      'Whether webhooks may go to loopback and private addresses, over plain http and to any port: for receivers beside this server, and for development.',
  }),
  webhookAllowHttp: flag({
    name: 'WEBHOOK_ALLOW_HTTP',
    default: false,
    sentence: 'Whether webhooks may go to public addresses over plain http.',
  }),
  webhookPorts: integers({
    name: 'WEBHOOK_PORTS',
    default: [443, 80, 8443],
    min: 1,
    max: 65_535,
    sentence: 'Ports webhooks may go to.',
  }),
  webhookRetrySchedule: integers({
    name: 'WEBHOOK_RETRY_SCHEDULE',
    default: [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
    min: 0,
    max: 604_800,
    sentence: 'Seconds to wait before each try of a webhook, the first one included; give or take 10 %.',
  }),
  webhookTimeoutMs: integer({
    name: 'WEBHOOK_TIMEOUT_MS',
    default: 15_000,
    min: 50,
    max: 60_000,
    sentence: 'Milliseconds one try of a webhook may take in all.',
  }),
  webhookConcurrency: integer({
    name: 'WEBHOOK_CONCURRENCY',
    default: 5,
    min: 1,
    max: 100,
    sentence: 'Tries under way at once to one webhook; to one that keeps failing it is one.',
  }),
  webhookConcurrencyPerHost: integer({
    name: 'WEBHOOK_CONCURRENCY_PER_HOST',
    default: 50,
    min: 1,
    max: 10_000,
    sentence: 'Tries under way at once to one host, however many webhooks name it.',
  }),
  webhookDisableAfter: integer({
    name: 'WEBHOOK_DISABLE_AFTER',
    default: 432_000,
    min: 1,
    max: 31_536_000,
    sentence: 'Seconds of nothing but failures after which a webhook is disabled.',
  }),
  webhookSecretKey: declare(
    {
      name: 'WEBHOOK_SECRET_KEY',
      sentence:
        'Encrypts the secrets of webhooks, at least 32 bytes; unset: a key made from JWT_SECRET, whose change then makes them unreadable.',
    },
    '',
    parseSecret,
  ),
  webhookMaxPerUser: integer({
    name: 'WEBHOOK_MAX_PER_USER',
    default: 20,
    min: 1,
    max: 10_000,
    sentence: 'Webhooks one user may have.',
  }),
  webhookLogDays: integer({
    name: 'WEBHOOK_LOG_DAYS',
    default: 30,
    min: 1,
    max: 3650,
    sentence: 'Days deliveries of webhooks are kept and can be replayed.',
  }),
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

const SAMPLE_SECRET =
  /your[-_ ]|change[-_ ]?(me|this|it)|secret[-_ ]?key|super[-_ ]?secret|example|sample|placeholder|password|jwt[-_ ]?secret/i;

function parseSecret(value: string): string {
  if (Buffer.byteLength(value) < 32) throw new Error('must have at least 32 bytes');
  if (SAMPLE_SECRET.test(value) || new Set(value).size < 8) {
    throw new Error('is a sample value; make one of your own, for instance with: openssl rand -base64 48');
  }
  return value;
}

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
