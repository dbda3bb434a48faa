import { Module } from '@nestjs/common';
import { ActivityRollup } from './activity-rollup.js';

/** The scheduled tasks of the dashboard. */
@Module({ providers: [ActivityRollup] })
export class ActivityWorkerModule {}
