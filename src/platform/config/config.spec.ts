import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Config, ConfigurationError, type Environment, readConfiguration } from './config.js';
import { RATE_LIMITS } from '../../rate-limits.js';
import { incomingFilesDirOf } from './directories.js';

describe('the configuration', () => {
  const secret = '7fKq2vXw9zLmP4sTb8YdR1cGhJ6nUeA0';
  let dataDir: string;

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'parley-config-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const load = (environment: Environment = {}): Config =>
    Config.load({ DATA_DIR: dataDir, ...environment }, RATE_LIMITS);
  const problems = (environment: Environment): readonly string[] => {
    try {
      load(environment);
      return [];
    } catch (error) {
      return (error as ConfigurationError).problems;
    }
  };

  it('has a default for every setting', () => {
    expect(load()).toMatchObject({ port: 3000, processRole: 'all', databasePoolSize: 16, trustProxy: 0 });
  });

  it('reports every problem at once', () => {
    expect(
      problems({ PORT: 'http', PROCESS_ROLE: 'king', RATE_LIMIT_MULTIPLIER: '-1', DATABASE_URL: 'mysql://x' }),
    ).toEqual([
      'PORT must be a whole number from 0 to 65535',
      'PROCESS_ROLE must be one of all, api, worker',
      'DATABASE_URL must be a URL starting with postgres:// or postgresql://',
      'RATE_LIMIT_MULTIPLIER must be a number above 0',
    ]);
  });

  it('treats an empty variable as absent', () => {
    expect(load({ PORT: '', ALLOWED_ORIGINS: ' ' })).toMatchObject({ port: 3000, allowedOrigins: [] });
  });

  it('generates a secret once, readable only by the owner of the directory', () => {
    const made = load().jwtSecret;
    expect(Buffer.byteLength(made)).toBeGreaterThanOrEqual(32);
    expect(load().jwtSecret).toBe(made);
    expect(readFileSync(join(dataDir, 'jwt-secret'), 'utf8')).toBe(made);
    expect(statSync(join(dataDir, 'jwt-secret')).mode & 0o777).toBe(0o600);
  });

  it('generates no secret in production', () => {
    expect(problems({ NODE_ENV: 'production' })).toContain('JWT_SECRET must be set when NODE_ENV is production');
    expect(problems({ NODE_ENV: 'production', JWT_SECRET: secret })).not.toContainEqual(
      expect.stringContaining('JWT_SECRET'),
    );
  });

  it.each(['short', 'your-secret-key-here', 'change-me-change-me-change-me-change-me', 'a'.repeat(64)])(
    'rejects the secret %p',
    (sample) => expect(problems({ JWT_SECRET: sample })).toHaveLength(1),
  );

  it.each(['true', 'yes', 'loopback', '10.0.0.0/99', '1.2.3', '10.0.0.1,*'])('rejects %p as TRUST_PROXY', (value) =>
    expect(problems({ TRUST_PROXY: value })).toHaveLength(1),
  );

  it('trusts a number of proxies or their IP addresses', () => {
    expect(load({ TRUST_PROXY: '2' }).trustProxy).toBe(2);
    expect(load({ TRUST_PROXY: '10.0.0.0/8, ::1' }).trustProxy).toEqual(['10.0.0.0/8', '::1']);
  });

  it.each(['*', 'null', 'https://a.example/', 'a.example', 'https://*.example.org'])(
    'rejects the origin %p',
    (origin) => expect(problems({ ALLOWED_ORIGINS: origin })).toHaveLength(1),
  );

  it('reads the setting names of other deployments; its own names win', () => {
    const other = { JWT_SECRET_KEY: secret, REDIS_HOST: 'cache', REDIS_PORT: '6380', JWT_EXPIRE_MINUTES: '30' };
    expect(load(other)).toMatchObject({ jwtSecret: secret, redisUrl: 'redis://cache:6380', jwtAccessTtl: 1800 });
    expect(load({ ...other, REDIS_URL: 'redis://own' }).redisUrl).toBe('redis://own');
  });

  it('reads every setting name of the deployments it replaces that has the same meaning here', () => {
    const { jwtSecret, redisUrl, allowedOrigins, contentMaxLength, ...more } = load({
      DATABASE_URL: 'postgresql://user:pass@localhost/chatdb',
      JWT_SECRET_KEY: secret,
      JWT_ALGORITHM: 'HS256',
      JWT_EXPIRE_MINUTES: '30',
      REDIS_HOST: 'localhost',
      MAX_FILE_SIZE: '10485760',
      MAX_MESSAGE_LENGTH: '1000',
      UPLOAD_DIR: 'uploads',
      ALLOWED_FILE_TYPES: '.jpg,.png,.pdf,.txt',
      RATE_LIMIT_REQUESTS: '100',
      RATE_LIMIT_WINDOW: '3600',
      CORS_ORIGINS: 'http://localhost:3000,https://chatapp.com',
    });
    expect({ jwtSecret, redisUrl, contentMaxLength }).toEqual({
      jwtSecret: secret,
      redisUrl: 'redis://localhost:6379',
      contentMaxLength: 1000,
    });
    expect(allowedOrigins).toEqual(['http://localhost:3000', 'https://chatapp.com']);
    expect(more).toMatchObject({
      jwtAccessTtl: 1800,
      fileMaxImageBytes: 10_485_760,
      fileMaxDocumentBytes: 10_485_760,
      fileMaxMediaBytes: 10_485_760,
      filesDir: 'uploads',
      fileTypes: ['.jpg', '.png', '.pdf', '.txt'],
    });
    expect(incomingFilesDirOf(more)).toBe(join(process.cwd(), 'uploads', 'incoming'));
    expect(problems({ ALLOWED_FILE_TYPES: '.jpg,*' })).toHaveLength(1);
    expect(Object.fromEntries(more.limitOverrides)).toEqual({
      LIMIT_CALL: 100,
      LIMIT_CALL_MODERATOR: 100,
      LIMIT_CALL_ADMIN: 100,
      LIMIT_CALL_WINDOW: 3600,
    });
    expect(problems({ JWT_ALGORITHM: 'RS256' })).toEqual(['JWT_ALGORITHM must be HS256, the only supported algorithm']);
  });

  it('is read without creating any file', () => {
    const missing = join(dataDir, 'missing');
    expect(readConfiguration({ DATA_DIR: missing }, []).values.jwtSecret).toBe('');
    expect(existsSync(missing)).toBe(false);
  });

  it('reads overrides of the limits and reports those that are not numbers', () => {
    const { limitOverrides } = load({ LIMIT_CALL: '7', LIMIT_CALL_WINDOW: '9' });
    expect([...limitOverrides]).toEqual([
      ['LIMIT_CALL', 7],
      ['LIMIT_CALL_WINDOW', 9],
    ]);
    expect(() => load({ LIMIT_LOGIN: 'many' })).toThrow('LIMIT_LOGIN must be a whole number above 0');
  });

  it.each([
    ['NODE_ENV', 'prod', 'must be one of development, production, test'],
    ['OTEL_TRACES_SAMPLER_ARG', '2', 'must be a number above 0 and at most 1'],
  ])('rejects %s=%s', (name, value, reason) => expect(problems({ [name]: value })).toEqual([`${name} ${reason}`]));

  it.each([
    ['JWT_SECRTE', 'JWT_SECRET'],
    ['LIMIT_MESAGE_SEND', 'LIMIT_MESSAGE_SEND'],
    ['ALLOWED_ORIGIN', 'ALLOWED_ORIGINS'],
    ['DATABASEURL', 'DATABASE_URL'],
    ['port', 'PORT'],
  ])('suggests the setting that %s is meant to be', (name, meant) =>
    expect(problems({ [name]: 'x' })).toEqual([`${name} is not a setting; rename it to ${meant} or remove it`]),
  );

  it.each(['DATABASE_URL_2', 'POST', 'HOSTS', 'HOSTNAME', 'AWS_REGION', 'REDIS_URLS', 'PGPORT', 'LOGLEVEL_OF_OTHERS'])(
    'ignores %s, a variable of the operator',
    (name) => expect(problems({ [name]: 'x' })).toEqual([]),
  );

  const ISSUER = { JWT_EXTERNAL_ISSUER: 'https://id.example', JWT_EXTERNAL_AUDIENCE: 'chat' };
  const TWO = { ...ISSUER, JWT_EXTERNAL_ISSUER: 'https://id.example, https://other.example' };
  const KEYS = 'https://id.example/jwks';
  const SHARED = 'mN4xQ8vT2zR6wY0pL3kJ7hG5fD1sA9cB';

  it.each([
    ['an issuer alone', { JWT_EXTERNAL_ISSUER: 'https://id.example' }, 'must be set together'],
    ['no keys', ISSUER, 'with JWT_EXTERNAL_JWKS_URL or JWT_EXTERNAL_SECRET'],
    ['a secret without an issuer', { JWT_EXTERNAL_SECRET: SHARED }, 'must be set together'],
    ['one URL for two issuers', { ...TWO, JWT_EXTERNAL_JWKS_URL: KEYS }, 'an entry for each issuer'],
    ['two issuers with one secret', { ...TWO, JWT_EXTERNAL_SECRET: SHARED }, 'only the last'],
    [
      'two audiences for one issuer',
      { ...ISSUER, JWT_EXTERNAL_JWKS_URL: KEYS, JWT_EXTERNAL_AUDIENCE: 'a, b' },
      'must have one entry, or one for each issuer',
    ],
    [
      'one issuer twice',
      {
        ...ISSUER,
        JWT_EXTERNAL_ISSUER: 'https://id.example, https://id.example',
        JWT_EXTERNAL_JWKS_URL: `${KEYS}, ${KEYS}`,
      },
      'must not have an issuer twice',
    ],
    ['its own issuer', { ...ISSUER, JWT_EXTERNAL_ISSUER: 'parley', JWT_EXTERNAL_SECRET: SHARED }, 'must not be parley'],
    ['its own secret', { ...ISSUER, JWT_EXTERNAL_SECRET: SHARED, JWT_SECRET: SHARED }, 'must differ from JWT_SECRET'],
    ['a short secret', { ...ISSUER, JWT_EXTERNAL_SECRET: 'short' }, 'must have at least 32 bytes'],
    ['a URL of another scheme', { ...ISSUER, JWT_EXTERNAL_JWKS_URL: 'ftp://id.example' }, 'starting with https'],
  ])('rejects identity providers with %s', (_what, environment, reason) =>
    expect(problems(environment)).toEqual([expect.stringContaining(reason)]),
  );

  it.each([
    ['published keys', { ...ISSUER, JWT_EXTERNAL_JWKS_URL: KEYS }],
    ['a shared secret', { ...ISSUER, JWT_EXTERNAL_SECRET: SHARED }],
    ['published keys and a shared secret', { ...ISSUER, JWT_EXTERNAL_JWKS_URL: KEYS, JWT_EXTERNAL_SECRET: SHARED }],
    ['two issuers, one with a secret', { ...TWO, JWT_EXTERNAL_JWKS_URL: KEYS, JWT_EXTERNAL_SECRET: SHARED }],
  ])('accepts identity providers with %s', (_what, environment) => expect(problems(environment)).toEqual([]));
});
