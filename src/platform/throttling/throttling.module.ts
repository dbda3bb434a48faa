import { Global, Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { Config } from '../config/config.js';
import { LimitStorage } from './limit-storage.js';
import { CALL_LIMIT } from './limits.js';
import { Limits } from './limits.service.js';
import { MemoryRateLimiter } from './memory-rate-limiter.js';
import { LoadShedder } from './load-shedder.js';
import { RateLimiter } from './rate-limiter.js';
import { RedisRateLimiter } from './redis-rate-limiter.js';
import { LoadSheddingGuard } from './load-shedding.guard.js';
import { LimitGuard } from './limit.guard.js';
import { ObservableRateLimiter } from './observable-rate-limiter.js';

/** With Redis all processes share the counters; without it each process has its own. */
export function createRateLimiter({ redisUrl }: Pick<Config, 'redisUrl'>): RateLimiter {
  return redisUrl ? RedisRateLimiter.connect(redisUrl) : new MemoryRateLimiter();
}

/**
 * Rate limits: `Limits` for frames and services, `LimitGuard` for routes (as an APP_GUARD after authentication). Load
 * shedding: `LoadShedder` for frames, `LoadSheddingGuard` for routes.
 */
@Global()
@Module({
  imports: [
    ThrottlerModule.forRoot({
      throttlers: [{ name: 'default', limit: CALL_LIMIT.byRole.user, ttl: CALL_LIMIT.windowSeconds * 1000 }],
    }),
  ],
  providers: [
    {
      provide: ObservableRateLimiter,
      useFactory: (config: Config) => new ObservableRateLimiter(createRateLimiter(config)),
      inject: [Config],
    },
    { provide: RateLimiter, useExisting: ObservableRateLimiter },
    LimitStorage,
    Limits,
    LimitGuard,
    LoadShedder,
    LoadSheddingGuard,
  ],
  exports: [
    RateLimiter,
    ObservableRateLimiter,
    Limits,
    LimitGuard,
    LimitStorage,
    LoadShedder,
    LoadSheddingGuard,
    ThrottlerModule,
  ],
})
export class ThrottlingModule {}
