import { Global, Module } from '@nestjs/common';
import { ActiveUsers } from './active-users.js';
import { ActivityRepository } from './activity.repository.js';
import { NodeStatsReader } from './node-stats.js';
import { NodeReports } from './node-reports.js';

/** What every process tells the database of itself, with HTTP or without. */
@Global()
@Module({
  providers: [NodeReports, NodeStatsReader, ActiveUsers, ActivityRepository],
  exports: [NodeReports, NodeStatsReader, ActivityRepository],
})
export class ActivityModule {}
