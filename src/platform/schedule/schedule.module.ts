import { Global, Module } from '@nestjs/common';
import { Schedule } from './schedule.js';

/** Where modules put their regular work. */
@Global()
@Module({ providers: [Schedule], exports: [Schedule] })
export class ScheduleModule {}
