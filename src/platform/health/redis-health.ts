import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Config } from '../config/config.js';
import { Health } from './health.js';

/** Asks Redis whether it is there, where there should be one. Without it a node goes on by itself. */
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
    redis.on('error', () => undefined); // whoever asks is told
    this.redis = redis;
    this.health.register('redis', () => redis.ping(), { isVital: false });
  }

  onModuleDestroy(): void {
    this.redis?.disconnect();
  }
}
