import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Config } from '../config/config.js';
import { Health } from './health.js';

/** Checks Redis if it is configured. A node works without it, so it is not vital. */
@Injectable()
export class RedisHealth implements OnModuleInit, OnModuleDestroy {
  private redis: Redis | undefined;

  constructor(
    private readonly config: Config,
    private readonly health: Health,
  ) {}

  onModuleInit(): void {
    const { redisUrl } = this.config;
    if (!redisUrl) return;
    const redis = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1, commandTimeout: 1000 });
    redis.on('error', () => undefined); // the check reports failures
    this.redis = redis;
    this.health.register('redis', () => redis.ping(), { isVital: false });
  }

  onModuleDestroy(): void {
    this.redis?.disconnect();
  }
}
