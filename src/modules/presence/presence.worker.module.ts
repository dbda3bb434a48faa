import { Module } from '@nestjs/common';
import { PresenceErasure } from './presence-erasure.service.js';
import { PresenceRepository } from './presence.repository.js';

/** The background work of presence: erasure of the settings of deleted users. */
@Module({ providers: [PresenceErasure, PresenceRepository], exports: [PresenceErasure] })
export class PresenceWorkerModule {}
