import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { ErrorFilter } from '../errors/error.filter.js';
import { AuthGuard } from './auth.guard.js';
import { RequestsInFlight } from './requests-in-flight.js';
import { validationPipe } from './validation.js';

/** What every route goes through: the guard that denies by default, validation, and the one answer to errors. */
@Global()
@Module({
  providers: [
    RequestsInFlight,
    { provide: APP_GUARD, useClass: AuthGuard },
    { provide: APP_PIPE, useFactory: validationPipe },
    { provide: APP_FILTER, useClass: ErrorFilter },
  ],
  exports: [RequestsInFlight],
})
export class HttpModule {}
