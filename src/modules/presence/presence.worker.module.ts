import { Injectable, Module } from '@nestjs/common';
import { PresenceRepository } from './presence.repository.js';

/** Deletes the presence settings of an erased user, including when they were last seen. */
@Injectable()
export class PresenceErasure {
  constructor(private readonly repository: PresenceRepository) {}

  async erase(userId: string): Promise<void> {
    await this.repository.deleteSettings(userId);
  }
}

/** The background work of presence. */
@Module({ providers: [PresenceErasure, PresenceRepository], exports: [PresenceErasure] })
export class PresenceWorkerModule {}
