import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Check, fault, type Finding, ok, warning } from './finding.js';

/** What to do about a setting that is wrong, by how its problem begins; the last one fits all. */
const REMEDIES: readonly [RegExp, string, string][] = [
  [
    /^(JWT_SECRET|PASSWORD_PEPPER|WEBHOOK_SECRET_KEY)/,
    'secrets',
    'Set one of your own, made with: openssl rand -base64 48. Keep it: with another one sessions or passwords end.',
  ],
  [
    /^(ALLOWED_ORIGINS|CORS_ORIGINS)/,
    'origins',
    'List every origin in full, as https://chat.example.com: scheme, host, no path. There is no wildcard.',
  ],
  [
    /^TRUST_PROXY/,
    'proxy',
    'Set the number of proxies in front of this server, or their addresses: with "true" any client may claim any address.',
  ],
  [/^ADMIN_/, 'admin', 'Correct it in the environment or in .env; it is read when there is no admin yet.'],
  [/^/, 'settings', 'Correct it in the environment or in .env; .env.example has every setting with its sentence.'],
];

/** What `readConfiguration` found wrong, each with its remedy. */
export function findingsOf(problems: readonly string[]): Finding[] {
  if (problems.length === 0) return [ok('settings', 'every one can be read')];
  return problems.map((problem) => {
    const [, check, advice] = REMEDIES.find(([beginning]) => beginning.test(problem))!;
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
    if (generated.length === 0) return Promise.resolve([ok('secrets', 'given by the environment')]);
    const names = generated.map(([, name]) => name).join(' and ');
    const open = generated.map(([, , file]) => join(values.dataDir, file)).filter(isOpenToOthers);
    if (open.length > 0) {
      return Promise.resolve([
        fault('secrets', `others of this machine can read ${open.join(' and ')}`, `chmod 600 ${open.join(' ')}`),
      ]);
    }
    if (values.redisUrl) {
      const says = `${names}: generated into DATA_DIR, which another machine does not have`;
      const advice = `Set ${names} to the same values for all processes; those in ${values.dataDir} keep working.`;
      return Promise.resolve([warning('secrets', says, advice)]);
    }
    return Promise.resolve([ok('secrets', `${names}: generated into DATA_DIR`)]);
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
      const advice = 'Set ALLOWED_ORIGINS to the origins of your web apps, unless only native apps and servers call.';
      return Promise.resolve([warning('origins', 'none: no page of another origin may call this server', advice)]);
    }
    if (isProduction && plain.length > 0) {
      const advice = 'Serve your web apps over https and list them so.';
      return Promise.resolve([warning('origins', `${plain.join(', ')}: tokens go unencrypted`, advice)]);
    }
    return Promise.resolve([ok('origins', allowedOrigins.join(', ') || 'none')]);
  },
};

/** This server speaks plain http: an https address of its own is that of a proxy. */
export const checkProxy: Check = {
  needs: ['TRUST_PROXY', 'PUBLIC_URL'],
  run: ({ values: { publicUrl, trustProxy } }) => {
    if (trustProxy !== 0) return Promise.resolve([ok('proxy', `trusted: ${[trustProxy].flat().join(', ')}`)]);
    if (!publicUrl?.startsWith('https:')) return Promise.resolve([ok('proxy', 'none is trusted')]);
    const says = `${new URL(publicUrl).host} is reached through a proxy, and none is trusted: all users share its address and its limits`;
    const advice = 'Set TRUST_PROXY to the number of proxies in front of this server, or to their addresses.';
    return Promise.resolve([warning('proxy', says, advice)]);
  },
};

function isOpenToOthers(path: string): boolean {
  return process.platform !== 'win32' && existsSync(path) && (statSync(path).mode & 0o077) !== 0;
}
