import { Injectable } from '@nestjs/common';
import { PresenceRepository } from './presence.repository.js';

/** Forgets how somebody who is gone wanted to appear, and when he was last seen. */
@Injectable()
export class PresenceErasure {
  constructor(private readonly repository: PresenceRepository) {}

  async forget(userId: string): Promise<void> {
    await this.repository.forget(userId);
  }
}
