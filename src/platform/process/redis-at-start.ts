import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { Config } from '../config/config.js';
import { reasonOf } from './explain-start.js';

const PATIENCE_MS = 3000;

/** Logs once at start that Redis cannot be used. The process serves without it and continues to reconnect. */
export async function warnWithoutRedis({ redisUrl }: Pick<Config, 'redisUrl'>): Promise<void> {
  if (!redisUrl) return;
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: PATIENCE_MS,
    commandTimeout: PATIENCE_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reason: unknown;
  redis.on('error', (error) => (reason ??= error));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    new Logger('Redis').error(
      `Redis at ${new URL(redisUrl).host} cannot be used: ${reasonOf(reason ?? error)}. ` +
        'Check that it is running there and accepts the password of REDIS_URL. Until then background work waits, ' +
        'and each process counts its own rate limits.',
    );
  } finally {
    redis.disconnect();
  }
}
