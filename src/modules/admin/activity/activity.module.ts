import { Global, Module } from '@nestjs/common';
import { ActiveUsers } from './active-users.js';
import { ActivityRepository } from './activity.repository.js';
import { NodeStatsReader } from './node-stats.js';
import { NodeHeartbeat } from './node-heartbeat.js';

/** The heartbeat and the counts of every node, with or without HTTP. */
@Global()
@Module({
  providers: [NodeHeartbeat, NodeStatsReader, ActiveUsers, ActivityRepository],
  exports: [NodeHeartbeat, NodeStatsReader, ActivityRepository],
})
export class ActivityModule {}
