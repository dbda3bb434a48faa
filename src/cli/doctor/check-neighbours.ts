import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { filesDirOf } from '../../platform/config/files-dir.js';
import type { SettingValues } from '../../platform/config/settings.js';
import { storeClient } from '../stored-files-of.js';
import { existingFolder } from './check-machine.js';
import { type Check, fault, type Finding, ok, reasonOf, warning } from './finding.js';

const TIMEOUT_MS = 3000;

export const checkRedis: Check = {
  needs: ['REDIS_URL'],
  run: async ({ values: { redisUrl } }) => (redisUrl ? [await tryRedis(redisUrl)] : []),
};

export const checkStorage: Check = {
  needs: ['STORAGE', 'S3_', 'DATA_DIR'],
  run: async ({ values }) => [values.storage === 'disk' ? await tryDisk(filesDirOf(values)) : await tryStore(values)],
};

export const checkScanner: Check = {
  needs: ['CLAMAV_URL'],
  run: async ({ values: { clamavUrl } }) => (clamavUrl ? [await tryScanner(clamavUrl)] : []),
};

export const checkIdentityProvider: Check = {
  needs: ['JWT_EXTERNAL_JWKS_URL'],
  run: async ({ values: { jwtExternalJwksUrl } }) => (jwtExternalJwksUrl ? [await tryKeys(jwtExternalJwksUrl)] : []),
};

async function tryRedis(url: string): Promise<Finding> {
  const { host } = new URL(url);
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: TIMEOUT_MS, retryStrategy: () => null });
  let reason = '';
  redis.on('error', (error: Error) => (reason ||= reasonOf(error)));
  try {
    await redis.connect();
    const policy = /maxmemory_policy:(\S+)/.exec(await redis.info('memory'))?.[1];
    if (policy && policy !== 'noeviction') {
      const says = `at ${host}, with maxmemory-policy ${policy}: jobs may be thrown away`;
      return warning('queue', says, 'Set maxmemory-policy noeviction, in redis.conf or with CONFIG SET.');
    }
    return ok('queue', `on Redis at ${host}`);
  } catch (error) {
    const advice = `See that Redis runs at ${host} and takes the password of REDIS_URL; for one process alone leave REDIS_URL out.`;
    return fault('queue', `Redis cannot be reached: ${reason || reasonOf(error)}`, advice);
  } finally {
    redis.disconnect();
  }
}

/** Writes where the files are to come; what is missing there is left to the server to make. */
async function tryDisk(filesDir: string): Promise<Finding> {
  const path = join(existingFolder(join(filesDir, 'incoming')), `doctor-${randomUUID()}.part`);
  try {
    const handle = await open(path, 'wx', 0o600);
    try {
      await handle.writeFile('doctor');
      await handle.sync();
    } finally {
      await handle.close();
      await rm(path, { force: true });
    }
    return ok('storage', `files in ${filesDir}`);
  } catch (error) {
    const advice = `Make ${filesDir} a folder that the account of the server may write to.`;
    return fault('storage', `nothing can be written: ${reasonOf(error)}`, advice);
  }
}

async function tryStore(values: SettingValues): Promise<Finding> {
  const key = `doctor-${randomUUID()}`;
  const { s3Bucket, s3Endpoint } = values;
  try {
    const store = await storeClient(values);
    await store.putObject(key, 'doctor');
    if ((await store.getObject(key)) !== 'doctor') throw new Error('what was stored did not come back');
    await store.deleteObject(key);
    return ok('storage', `files in ${s3Bucket} at ${s3Endpoint}`);
  } catch (error) {
    const advice = `See that ${s3Endpoint} can be reached, that the bucket ${s3Bucket} exists, and that the key may read, write and delete in it.`;
    return fault('storage', `nothing can be stored: ${reasonOf(error)}`, advice);
  }
}

/** The keys of the identity provider, fetched as the server fetches them. */
async function tryKeys(url: string): Promise<Finding> {
  const advice = `See that ${url} can be reached from here and answers with a JSON Web Key Set; until then its tokens are refused with 503.`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' });
    if (!answer.ok) return fault('identity', `the identity provider answers ${answer.status} at ${url}`, advice);
    const { keys } = (await answer.json()) as { keys?: unknown };
    if (!Array.isArray(keys)) return fault('identity', `what ${url} answers is no JSON Web Key Set`, advice);
    if (keys.length === 0) return fault('identity', `the key set at ${url} is empty`, advice);
    return ok('identity', `${keys.length} ${keys.length === 1 ? 'key' : 'keys'} of the identity provider at ${url}`);
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    return fault('identity', `the identity provider cannot be reached: ${reasonOf(cause ?? error)}`, advice);
  }
}

/** clamd answers PONG to PING. */
function tryScanner(url: string): Promise<Finding> {
  const { hostname, port } = new URL(url);
  const advice = `See that clamd listens at ${hostname}:${port || 3310} (TCPSocket, TCPAddr); until then no upload becomes ready.`;
  return new Promise((done) => {
    const socket = connect({ host: hostname, port: Number(port || 3310) });
    const end = (finding: Finding): void => {
      socket.destroy();
      done(finding);
    };
    socket.setTimeout(TIMEOUT_MS, () => end(fault('scanner', 'clamd does not answer', advice)));
    socket.on('error', (error) => end(fault('scanner', `clamd cannot be reached: ${reasonOf(error)}`, advice)));
    socket.on('data', (answer) => {
      if (String(answer).startsWith('PONG')) end(ok('scanner', `clamd at ${hostname}`));
      else end(fault('scanner', 'what answers there is no clamd', advice));
    });
    socket.on('close', () => end(fault('scanner', 'clamd hung up', advice)));
    socket.write('zPING\0');
  });
}
