import { Module } from '@nestjs/common';
import { ActivityRollup } from './activity-rollup.js';

/** The regular work of the dashboard. */
@Module({ providers: [ActivityRollup] })
export class ActivityWorkerModule {}
