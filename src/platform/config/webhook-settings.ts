import { problemOfHostPattern } from '../http/host-names.js';
import { parseSecret } from './secret-setting.js';
import { declare, flag, integer, integers, list, type Setting } from './setting.js';

/** What webhooks may reach, how often they are tried, and what is kept of it. */
export const WEBHOOK_SETTINGS = {
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
  webhookConcurrencyPerUser: integer({
    name: 'WEBHOOK_CONCURRENCY_PER_USER',
    default: 100,
    min: 1,
    max: 1000,
    sentence: 'Tries under way at once to all webhooks of one user.',
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
  webhookMaxPerHost: integer({
    name: 'WEBHOOK_MAX_PER_HOST',
    default: 5,
    min: 1,
    max: 10_000,
    sentence: 'Webhooks one user may have at one host; admins and trusted hosts are exempt.',
  }),
  webhookTrustedHosts: list({
    name: 'WEBHOOK_TRUSTED_HOSTS',
    check: problemOfHostPattern,
    sentence:
      'Comma list of hosts, or *.example.org for all names below one, whose webhooks need no challenge and are not counted by host.',
  }),
  webhookLogDays: integer({
    name: 'WEBHOOK_LOG_DAYS',
    default: 30,
    min: 1,
    max: 3650,
    sentence: 'Days deliveries of webhooks are kept and can be replayed.',
  }),
} satisfies Record<string, Setting<unknown>>;
