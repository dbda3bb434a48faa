import { Global, Module } from '@nestjs/common';
import { Schedule } from './schedule.js';

/** Modules register their scheduled tasks here. */
@Global()
@Module({ providers: [Schedule], exports: [Schedule] })
export class ScheduleModule {}
