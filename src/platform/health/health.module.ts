import { Global, Module } from '@nestjs/common';
import { DatabaseHealth } from './database-health.js';
import { DrainState } from './drain-state.js';
import { HealthController } from './health.controller.js';
import { Health } from './health.js';
import { RedisHealth } from './redis-health.js';
import { SocketHealth } from './socket-health.js';

/** Liveness, readiness, and the state of being on the way out: what every process has. */
@Global()
@Module({ providers: [DrainState, Health, DatabaseHealth, RedisHealth], exports: [DrainState, Health] })
export class HealthModule {}

/** The addresses that tell of it, and the sockets of a process that has some. */
@Module({ controllers: [HealthController], providers: [SocketHealth] })
export class EdgeHealthModule {}
