import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { ErrorObservers, ErrorFilter } from '../errors/error.filter.js';
import { ErrorFormats } from '../errors/error-formats.js';
import { LoadSheddingGuard } from '../throttling/load-shedding.guard.js';
import { LimitGuard } from '../throttling/limit.guard.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { JwtStrategy } from './jwt.strategy.js';
import { LargeBodies, UrlEncodedRoutes } from './body-parser.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { IdempotencyStore } from './idempotency-store.js';
import { RequestSourceModule } from './request-source.module.js';
import { RequestsInFlight } from './requests-in-flight.js';
import { InputPipe } from './input.pipe.js';

/**
 * The stages of every route, in this order: load shedding, authentication (which denies by default), rate limits,
 * `Idempotency-Key`, validation; and the filter for all errors.
 */
@Global()
@Module({
  imports: [RequestSourceModule],
  providers: [
    RequestsInFlight,
    ErrorObservers,
    ErrorFormats,
    UrlEncodedRoutes,
    LargeBodies,
    IdempotencyRepository,
    IdempotencyStore,
    JwtStrategy,
    { provide: APP_GUARD, useExisting: LoadSheddingGuard },
    { provide: APP_GUARD, useClass: JwtAuthGuard },
    { provide: APP_GUARD, useExisting: LimitGuard },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    { provide: APP_PIPE, useClass: InputPipe },
    { provide: APP_FILTER, useClass: ErrorFilter },
  ],
  exports: [ErrorObservers, IdempotencyStore, RequestsInFlight, ErrorFormats, UrlEncodedRoutes, LargeBodies],
})
export class HttpModule {}
