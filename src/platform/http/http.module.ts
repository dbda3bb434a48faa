import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { AnsweredErrors } from '../errors/answered-errors.js';
import { ErrorFilter } from '../errors/error.filter.js';
import { ErrorForms } from '../errors/error-forms.js';
import { SheddingGuard } from '../throttling/shedding.guard.js';
import { LimitGuard } from '../throttling/throttler.guard.js';
import { AuthGuard } from './auth.guard.js';
import { FormBodies } from './form-bodies.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { IdempotentAnswers } from './idempotent-answers.js';
import { RequestSourceModule } from './request-source.module.js';
import { RequestsInFlight } from './requests-in-flight.js';
import { InputPipe } from './input.pipe.js';

/**
 * What every route goes through, in this order: what is turned away under overload, the guard that denies by default,
 * the limits of whoever is let in, `Idempotency-Key`, validation; and the one answer to errors.
 */
@Global()
@Module({
  imports: [RequestSourceModule],
  providers: [
    RequestsInFlight,
    AnsweredErrors,
    ErrorForms,
    FormBodies,
    IdempotencyRepository,
    IdempotentAnswers,
    { provide: APP_GUARD, useExisting: SheddingGuard },
    { provide: APP_GUARD, useClass: AuthGuard },
    { provide: APP_GUARD, useExisting: LimitGuard },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    { provide: APP_PIPE, useClass: InputPipe },
    { provide: APP_FILTER, useClass: ErrorFilter },
  ],
  exports: [AnsweredErrors, IdempotentAnswers, RequestsInFlight, ErrorForms, FormBodies],
})
export class HttpModule {}
