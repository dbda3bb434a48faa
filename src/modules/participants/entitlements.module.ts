import { Global, Module } from '@nestjs/common';
import { StreamAccessReader } from '../../platform/realtime/stream-access.js';
import { ParticipantEntitlements } from './entitlements.repository.js';

/** Provides the fan-out with the streams that a user may read. Global, because the platform cannot import a module. */
@Global()
@Module({
  providers: [{ provide: StreamAccessReader, useClass: ParticipantEntitlements }],
  exports: [StreamAccessReader],
})
export class EntitlementsModule {}
