import { Global, Module } from '@nestjs/common';
import { Entitlements } from '../../platform/realtime/entitlements.js';
import { ParticipantEntitlements } from './entitlements.repository.js';

/** Tells the fan-out who receives what. Global, because the platform asks and knows no module. */
@Global()
@Module({ providers: [{ provide: Entitlements, useClass: ParticipantEntitlements }], exports: [Entitlements] })
export class EntitlementsModule {}
