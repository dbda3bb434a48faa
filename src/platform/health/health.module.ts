import { Global, Module } from '@nestjs/common';
import { DrainState } from './drain-state.js';
import { HealthController } from './health.controller.js';
import { Health } from './health.js';
import { RedisHealth } from './redis-health.js';
import { SocketHealth } from './socket-health.js';

/** Liveness, readiness, and the state of being on the way out. */
@Global()
@Module({
  controllers: [HealthController],
  providers: [DrainState, Health, RedisHealth, SocketHealth],
  exports: [DrainState, Health],
})
export class HealthModule {}
