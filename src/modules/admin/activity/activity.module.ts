import { Global, Module } from '@nestjs/common';
import { ActivePeople } from './active-people.js';
import { ActivityRepository } from './activity.repository.js';
import { NodeFiguresReader } from './node-figures.js';
import { NodeReports } from './node-reports.js';

/** What every process tells the database of itself, with HTTP or without. */
@Global()
@Module({
  providers: [NodeReports, NodeFiguresReader, ActivePeople, ActivityRepository],
  exports: [NodeReports, NodeFiguresReader, ActivityRepository],
})
export class ActivityModule {}
