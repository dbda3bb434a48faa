import { Module } from '@nestjs/common';
import { ModerationUpkeep } from './moderation-upkeep.js';
import { ModerationUpkeepRepository } from './moderation-upkeep.repository.js';

/** Removes texts that moderation no longer needs. */
@Module({ providers: [ModerationUpkeep, ModerationUpkeepRepository] })
export class ModerationWorkerModule {}
