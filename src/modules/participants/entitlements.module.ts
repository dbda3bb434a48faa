import { Global, Module } from '@nestjs/common';
import { StreamAccessReader } from '../../platform/realtime/stream-access.js';
import { ParticipantEntitlements } from './entitlements.repository.js';

/** Tells the fan-out who receives what. Global, because the platform asks and knows no module. */
@Global()
@Module({
  providers: [{ provide: StreamAccessReader, useClass: ParticipantEntitlements }],
  exports: [StreamAccessReader],
})
export class EntitlementsModule {}
