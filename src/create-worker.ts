import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Logger as Pino } from 'pino';
import type { Config } from './platform/config/config.js';
import { createLog, NestLog } from './platform/logging/log.js';
import { WorkerModule } from './worker.module.js';

/** Creates and starts the background work only, on a migrated database. */
export function createWorker(config: Config, log: Pino = createLog(config)): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(WorkerModule.of(config), {
    logger: new NestLog(log),
    abortOnError: false,
  });
}
