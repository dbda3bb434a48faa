import { problemOfHostPattern } from '../http/host-names.js';
import { parseSecret, declare, flag, integer, integers, list, type Setting } from './setting.js';

/** Which targets webhooks may have, their attempts and limits, and how long deliveries are stored. */
export const WEBHOOK_SETTINGS = {
  webhookAllowPrivateNetwork: flag({
    name: 'WEBHOOK_ALLOW_PRIVATE_NETWORK',
    default: false,
    description:
      'Whether webhooks may target loopback and private IP addresses, over plain http and on any port: for receivers in the same network, and for development.',
  }),
  webhookAllowHttp: flag({
    name: 'WEBHOOK_ALLOW_HTTP',
    default: false,
    description: 'Whether webhooks may target public hosts over plain http.',
  }),
  webhookPorts: integers({
    name: 'WEBHOOK_PORTS',
    default: [443, 80, 8443],
    min: 1,
    max: 65_535,
    description: 'Ports that webhooks may target.',
  }),
  webhookRetrySchedule: integers({
    name: 'WEBHOOK_RETRY_SCHEDULE',
    default: [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
    min: 0,
    max: 604_800,
    description: 'Seconds to wait before each attempt of a delivery, including the first; each varies by up to 10 %.',
  }),
  webhookTimeoutMs: integer({
    name: 'WEBHOOK_TIMEOUT_MS',
    default: 15_000,
    min: 50,
    max: 60_000,
    description: 'Milliseconds one attempt of a delivery may take in total.',
  }),
  webhookConcurrency: integer({
    name: 'WEBHOOK_CONCURRENCY',
    default: 5,
    min: 1,
    max: 100,
    description: 'Concurrent attempts to one webhook; one attempt at a time to a webhook that keeps failing.',
  }),
  webhookConcurrencyPerHost: integer({
    name: 'WEBHOOK_CONCURRENCY_PER_HOST',
    default: 50,
    min: 1,
    max: 10_000,
    description: 'Concurrent attempts to one host, for all webhooks with that host together.',
  }),
  webhookConcurrencyPerUser: integer({
    name: 'WEBHOOK_CONCURRENCY_PER_USER',
    default: 100,
    min: 1,
    max: 1000,
    description: 'Concurrent attempts to all webhooks of one user.',
  }),
  unreadReminderMinutes: integer({
    name: 'UNREAD_REMINDER_MINUTES',
    default: 0,
    min: 0,
    max: 10_080,
    description:
      'Minutes for which a user has had unread messages, and is offline, before webhooks receive user.unread_reminder; 0: never.',
  }),
  webhookDisableAfter: integer({
    name: 'WEBHOOK_DISABLE_AFTER',
    default: 432_000,
    min: 1,
    max: 31_536_000,
    description: 'Seconds of uninterrupted failures after which a webhook is disabled.',
  }),
  webhookSecretKey: declare(
    {
      name: 'WEBHOOK_SECRET_KEY',
      description:
        'Encrypts the secrets of webhooks, at least 32 bytes; unset: a key derived from JWT_SECRET, so that a change of JWT_SECRET makes them unreadable.',
    },
    '',
    parseSecret,
  ),
  webhookMaxPerUser: integer({
    name: 'WEBHOOK_MAX_PER_USER',
    default: 20,
    min: 1,
    max: 10_000,
    description: 'Webhooks one user may have.',
  }),
  webhookMaxPerHost: integer({
    name: 'WEBHOOK_MAX_PER_HOST',
    default: 5,
    min: 1,
    max: 10_000,
    description: 'Webhooks one user may have at one host; admins and trusted hosts are exempt.',
  }),
  webhookTrustedHosts: list({
    name: 'WEBHOOK_TRUSTED_HOSTS',
    check: problemOfHostPattern,
    description:
      'Comma list of hosts whose webhooks need no verification and do not count towards WEBHOOK_MAX_PER_HOST; *.example.org stands for all names below it.',
  }),
  webhookLogDays: integer({
    name: 'WEBHOOK_LOG_DAYS',
    default: 30,
    min: 1,
    max: 3650,
    description: 'Days for which deliveries of webhooks are stored and can be replayed.',
  }),
} satisfies Record<string, Setting<unknown>>;
