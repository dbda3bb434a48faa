import { Global, Module } from '@nestjs/common';
import { ActiveUsers } from './active-users.js';
import { ActivityRepository } from './activity.repository.js';
import { NodeStatsReader } from './node-stats.js';
import { NodeReports } from './node-reports.js';

/** The reports of every process about itself, with or without HTTP. */
@Global()
@Module({
  providers: [NodeReports, NodeStatsReader, ActiveUsers, ActivityRepository],
  exports: [NodeReports, NodeStatsReader, ActivityRepository],
})
export class ActivityModule {}
