import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { filesDirOf } from '../../platform/config/directories.js';
import { FFMPEG_OFF, findFfmpeg } from '../../modules/files/find-ffmpeg.js';
import type { SettingValues } from '../../platform/config/settings.js';
import { s3Client } from '../stored-files-location.js';
import { nearestExistingDirectory } from './check-machine.js';
import { type Check, fault, type Finding, ok, reasonOf, warning } from './finding.js';

const TIMEOUT_MS = 3000;

export const checkRedis: Check = {
  needs: ['REDIS_URL'],
  run: async ({ values: { redisUrl } }) => (redisUrl ? [await tryRedis(redisUrl)] : []),
};

export const checkStorage: Check = {
  needs: ['STORAGE', 'S3_', 'DATA_DIR'],
  run: async ({ values }) => [values.storage === 'disk' ? await tryDisk(filesDirOf(values)) : await tryS3(values)],
};

export const checkScanner: Check = {
  needs: ['CLAMAV_URL'],
  run: async ({ values: { clamavUrl } }) => (clamavUrl ? [await tryScanner(clamavUrl)] : []),
};

export const checkFfmpeg: Check = {
  needs: ['FFMPEG_PATH'],
  run: async ({ values: { ffmpegPath } }) => {
    if (ffmpegPath === FFMPEG_OFF) return [ok('ffmpeg', 'switched off: videos have no posters, and M4A no waveforms')];
    const path = await findFfmpeg(ffmpegPath);
    if (path !== undefined) return [ok('ffmpeg', path)];
    const says = `${ffmpegPath} is not found: videos have no posters, and M4A no waveforms`;
    return [warning('ffmpeg', says, 'Install ffmpeg, set FFMPEG_PATH to the program, or switch it off with off.')];
  },
};

export const checkIdentityProvider: Check = {
  needs: ['JWT_EXTERNAL_JWKS_URL'],
  run: ({ values: { jwtExternalJwksUrl } }) => Promise.all(jwtExternalJwksUrl.map(tryKeys)),
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
      const says = `at ${host}, with maxmemory-policy ${policy}: jobs may be evicted`;
      return warning('queue', says, 'Set maxmemory-policy noeviction, in redis.conf or with CONFIG SET.');
    }
    return ok('queue', `on Redis at ${host}`);
  } catch (error) {
    const advice = `Check that Redis runs at ${host} and accepts the password of REDIS_URL; a single process does not need REDIS_URL.`;
    return fault('queue', `Redis cannot be reached: ${reason || reasonOf(error)}`, advice);
  } finally {
    redis.disconnect();
  }
}

/** Writes a test file where uploads are stored. Missing directories are not created; the server does that. */
async function tryDisk(filesDir: string): Promise<Finding> {
  const path = join(nearestExistingDirectory(join(filesDir, 'incoming')), `doctor-${randomUUID()}.part`);
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
    const advice = `Make ${filesDir} a directory that the account of the server may write to.`;
    return fault('storage', `nothing can be written: ${reasonOf(error)}`, advice);
  }
}

async function tryS3(values: SettingValues): Promise<Finding> {
  const key = `doctor-${randomUUID()}`;
  const { s3Bucket, s3Endpoint } = values;
  try {
    const store = await s3Client(values);
    await store.putObject(key, 'doctor');
    if ((await store.getObject(key)) !== 'doctor') throw new Error('the stored object could not be read back');
    await store.deleteObject(key);
    return ok('storage', `files in ${s3Bucket} at ${s3Endpoint}`);
  } catch (error) {
    const advice = `Check that ${s3Endpoint} can be reached, that the bucket ${s3Bucket} exists, and that the key may read, write and delete in it.`;
    return fault('storage', `nothing can be stored: ${reasonOf(error)}`, advice);
  }
}

/** Fetches the keys of the identity provider, as the server does. */
async function tryKeys(url: string): Promise<Finding> {
  const advice = `Check that ${url} can be reached from here and returns a JSON Web Key Set; until then its tokens are rejected with 503.`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' });
    if (!response.ok) return fault('identity', `the identity provider returns ${response.status} at ${url}`, advice);
    const { keys } = (await response.json()) as { keys?: unknown };
    if (!Array.isArray(keys)) return fault('identity', `the response of ${url} is not a JSON Web Key Set`, advice);
    if (keys.length === 0) return fault('identity', `the key set at ${url} is empty`, advice);
    return ok('identity', `${keys.length} ${keys.length === 1 ? 'key' : 'keys'} of the identity provider at ${url}`);
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    return fault('identity', `the identity provider cannot be reached: ${reasonOf(cause ?? error)}`, advice);
  }
}

/** Sends PING to clamd, which replies with PONG. */
function tryScanner(url: string): Promise<Finding> {
  const { hostname, port } = new URL(url);
  const advice = `Check that clamd listens at ${hostname}:${port || 3310} (TCPSocket, TCPAddr); until then no upload becomes ready.`;
  return new Promise((done) => {
    const socket = connect({ host: hostname, port: Number(port || 3310) });
    const end = (finding: Finding): void => {
      socket.destroy();
      done(finding);
    };
    socket.setTimeout(TIMEOUT_MS, () => end(fault('scanner', 'clamd does not respond', advice)));
    socket.on('error', (error) => end(fault('scanner', `clamd cannot be reached: ${reasonOf(error)}`, advice)));
    socket.on('data', (reply) => {
      if (String(reply).startsWith('PONG')) end(ok('scanner', `clamd at ${hostname}`));
      else end(fault('scanner', 'the server there is not clamd', advice));
    });
    socket.on('close', () => end(fault('scanner', 'clamd closed the connection', advice)));
    socket.write('zPING\0');
  });
}
