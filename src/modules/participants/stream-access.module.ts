import { Global, Module } from '@nestjs/common';
import { StreamAccessReader } from '../../platform/realtime/fan-out/stream-access.js';
import { StreamAccessRepository } from './stream-access.repository.js';

/** Provides the fan-out with the streams that a user may read. Global, because the platform cannot import a module. */
@Global()
@Module({
  providers: [{ provide: StreamAccessReader, useClass: StreamAccessRepository }],
  exports: [StreamAccessReader],
})
export class StreamAccessModule {}
