import { Module } from '@nestjs/common';
import { ModerationUpkeep } from './moderation-upkeep.js';
import { ModerationUpkeepRepository } from './moderation-upkeep.repository.js';

/** Forgetting the texts moderation needs no more. */
@Module({ providers: [ModerationUpkeep, ModerationUpkeepRepository] })
export class ModerationWorkerModule {}
