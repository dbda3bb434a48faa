import { Injectable, Logger } from '@nestjs/common';
import type { PresenceStatus } from './users.dto.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

export interface KnownPresence {
  readonly status: PresenceStatus;
  readonly lastSeen: Date | null;
}

/** Whoever knows who is there. It decides what `viewerId` may learn and leaves out what they may not. */
export interface PresenceSource {
  find(viewerId: string, userIds: string[]): Promise<ReadonlyMap<string, KnownPresence>>;
  /** Of each what they may learn of themselves. */
  findOwn(userIds: string[]): Promise<ReadonlyMap<string, KnownPresence>>;
}

/**
 * How users are shown with their presence, which a module above this one keeps: it gives itself as the source at
 * start. Without a source, or while it fails, everybody is offline: presence is never a reason for an error.
 */
@Injectable()
export class PresenceLookup {
  private readonly unknown = new RepeatedWarning(new Logger(PresenceLookup.name), 'presence is not known right now', {
    over: 'presence is known again',
  });
  private source: PresenceSource | undefined;

  use(source: PresenceSource): void {
    this.source = source;
  }

  find(viewerId: string, userIds: string[]): Promise<ReadonlyMap<string, KnownPresence>> {
    return this.ask(userIds, (source) => source.find(viewerId, userIds));
  }

  findOwn(userIds: string[]): Promise<ReadonlyMap<string, KnownPresence>> {
    return this.ask(userIds, (source) => source.findOwn(userIds));
  }

  private async ask(
    userIds: string[],
    question: (source: PresenceSource) => Promise<ReadonlyMap<string, KnownPresence>>,
  ): Promise<ReadonlyMap<string, KnownPresence>> {
    if (!this.source || userIds.length === 0) return new Map();
    try {
      const source = this.source;
      return await this.unknown.watch(() => question(source));
    } catch {
      return new Map();
    }
  }
}
