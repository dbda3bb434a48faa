import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ResumeStateProviders, type StateFrame } from '../../platform/realtime/resume-state-providers.js';
import { presentPresence } from './presence-presenter.js';
import { PresenceChanged } from './presence.events.js';
import { PresenceRepository } from './presence.repository.js';

/** People told of; the rest a client asks for when it shows them. */
const PEOPLE_MAX = 500;

/** Presence is not in the log: whoever comes back is told who is there now. Who is not named is offline. */
@Injectable()
export class PresenceStateProvider implements OnModuleInit {
  constructor(
    private readonly repository: PresenceRepository,
    private readonly stateProviders: ResumeStateProviders,
  ) {}

  onModuleInit(): void {
    this.stateProviders.register((userId) => this.of(userId));
  }

  private async of(userId: string): Promise<StateFrame[]> {
    const rows = await this.repository.peers(userId, PEOPLE_MAX);
    return rows.map((row) => ({ type: PresenceChanged.type, data: presentPresence(row) }));
  }
}
