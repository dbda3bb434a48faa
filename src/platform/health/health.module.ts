import { Global, Module } from '@nestjs/common';
import { DatabaseHealth, RedisHealth, SocketHealth } from './health-checks.js';
import { DrainCoordinator } from './drain-coordinator.js';
import { HealthController } from './health.controller.js';
import { Health } from './health.js';

/** Liveness, readiness and the drain state, for every process. */
@Global()
@Module({ providers: [DrainCoordinator, Health, DatabaseHealth, RedisHealth], exports: [DrainCoordinator, Health] })
export class HealthModule {}

/** The health routes, and the socket check, for processes with HTTP. */
@Module({ controllers: [HealthController], providers: [SocketHealth] })
export class ApiHealthModule {}
