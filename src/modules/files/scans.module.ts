import { Module } from '@nestjs/common';
import { QueueModule } from '../../platform/queue/queue.module.js';
import { SCANS_QUEUE, ScansQueue } from './scans.queue.js';

/** The way to a scan, for whoever stores files and for whoever looks after those that wait. */
@Module({ imports: [QueueModule.register(SCANS_QUEUE)], providers: [ScansQueue], exports: [ScansQueue] })
export class ScansModule {}
