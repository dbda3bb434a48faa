import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { DecoratedMethods } from '../discovery/decorated-methods.js';
import { DecoratedMethodsModule } from '../discovery/decorated-methods.module.js';
import { Schedule } from './schedule.js';

/** The schedule, with the tasks of all modules of this process. */
@Global()
@Module({ imports: [DecoratedMethodsModule], providers: [Schedule], exports: [Schedule] })
export class ScheduleModule implements OnModuleInit {
  constructor(
    private readonly methods: DecoratedMethods,
    private readonly schedule: Schedule,
  ) {}

  onModuleInit(): void {
    this.schedule.bind(this.methods);
  }
}
