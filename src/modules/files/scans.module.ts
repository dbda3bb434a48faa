import { Module } from '@nestjs/common';
import { QueueModule } from '../../platform/queue/queue.module.js';
import { SCANS_QUEUE, ScansQueue } from './scans.queue.js';

/** The queue of scans, for the upload of files and for the cleanup. */
@Module({ imports: [QueueModule.register(SCANS_QUEUE)], providers: [ScansQueue], exports: [ScansQueue] })
export class ScansModule {}
