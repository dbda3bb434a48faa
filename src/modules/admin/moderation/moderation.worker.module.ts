import { Module } from '@nestjs/common';
import { ModerationCleanupTask } from './moderation-cleanup-task.js';
import { ModerationCleanupRepository } from './moderation-cleanup.repository.js';

/** Removes texts that moderation no longer needs. */
@Module({ providers: [ModerationCleanupTask, ModerationCleanupRepository] })
export class ModerationWorkerModule {}
