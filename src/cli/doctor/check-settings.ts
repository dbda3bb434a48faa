import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Check, fault, type Finding, ok, warning } from './finding.js';

/**
 * The check and the advice for a problem with a setting, by the beginning of the problem; the last entry matches all.
 */
const ADVICE: readonly [RegExp, string, string][] = [
  [
    /^(JWT_SECRET|PASSWORD_PEPPER|WEBHOOK_SECRET_KEY)/,
    'secrets',
    'Set your own, generated with: openssl rand -base64 48. Do not change it later: sessions or passwords would become invalid.',
  ],
  [
    /^(ALLOWED_ORIGINS|CORS_ORIGINS)/,
    'origins',
    'List every origin in full, such as https://chat.example.com: scheme, host, no path. There is no wildcard.',
  ],
  [
    /^TRUST_PROXY/,
    'proxy',
    'Set the number of proxies in front of this server, or their IP addresses: with "true" any client could claim any IP address.',
  ],
  [/^ADMIN_/, 'admin', 'Correct it in the environment or in .env; it is read when there is no admin yet.'],
  [/^/, 'settings', 'Correct it in the environment or in .env; .env.example describes every setting.'],
];

/** Returns a finding for each problem of `readConfiguration`, with advice. */
export function findingsOf(problems: readonly string[]): Finding[] {
  if (problems.length === 0) return [ok('settings', 'all are valid')];
  return problems.map((problem) => {
    const [, check, advice] = ADVICE.find(([beginning]) => beginning.test(problem))!;
    return fault(check, problem, advice);
  });
}

const SECRETS = [
  ['jwtSecret', 'JWT_SECRET', 'jwt-secret'],
  ['passwordPepper', 'PASSWORD_PEPPER', 'password-pepper'],
] as const;

export const checkSecrets: Check = {
  needs: SECRETS.map(([, name]) => name),
  run: ({ values }) => {
    const generated = SECRETS.filter(([key]) => !values[key]);
    if (generated.length === 0) return Promise.resolve([ok('secrets', 'set in the environment')]);
    const names = generated.map(([, name]) => name).join(' and ');
    const open = generated.map(([, , file]) => join(values.dataDir, file)).filter(isOpenToOthers);
    if (open.length > 0) {
      return Promise.resolve([
        fault(
          'secrets',
          `other accounts of this machine can read ${open.join(' and ')}`,
          `chmod 600 ${open.join(' ')}`,
        ),
      ]);
    }
    if (values.redisUrl) {
      const says = `${names}: generated in DATA_DIR, which other machines do not have`;
      const advice = `Set ${names} to the same values for all processes; those in ${values.dataDir} remain valid.`;
      return Promise.resolve([warning('secrets', says, advice)]);
    }
    return Promise.resolve([ok('secrets', `${names}: generated in DATA_DIR`)]);
  },
};

export const checkOrigins: Check = {
  needs: ['ALLOWED_ORIGINS', 'CORS_ORIGINS'],
  run: ({ values: { allowedOrigins, nodeEnv } }) => {
    const isProduction = nodeEnv === 'production';
    const plain = allowedOrigins.filter(
      (origin) => origin.startsWith('http://') && !/\/\/(localhost|127\.)/.test(origin),
    );
    if (isProduction && allowedOrigins.length === 0) {
      const advice =
        'Set ALLOWED_ORIGINS to the origins of your web apps, unless only native apps and servers call this server.';
      return Promise.resolve([warning('origins', 'none: no page of another origin may call this server', advice)]);
    }
    if (isProduction && plain.length > 0) {
      const advice = 'Serve your web apps over https and list their https origins.';
      return Promise.resolve([warning('origins', `${plain.join(', ')}: tokens are sent unencrypted`, advice)]);
    }
    return Promise.resolve([ok('origins', allowedOrigins.join(', ') || 'none')]);
  },
};

/** This server only serves plain http, so a public https URL is that of a proxy. */
export const checkProxy: Check = {
  needs: ['TRUST_PROXY', 'PUBLIC_URL'],
  run: ({ values: { publicUrl, trustProxy } }) => {
    if (trustProxy !== 0) return Promise.resolve([ok('proxy', `trusted: ${[trustProxy].flat().join(', ')}`)]);
    if (!publicUrl?.startsWith('https:')) return Promise.resolve([ok('proxy', 'none is trusted')]);
    const says = `${new URL(publicUrl).host} is reached through a proxy, and none is trusted: all users share its IP address and its rate limits`;
    const advice = 'Set TRUST_PROXY to the number of proxies in front of this server, or to their IP addresses.';
    return Promise.resolve([warning('proxy', says, advice)]);
  },
};

function isOpenToOthers(path: string): boolean {
  return process.platform !== 'win32' && existsSync(path) && (statSync(path).mode & 0o077) !== 0;
}
