import { Injectable, Logger } from '@nestjs/common';
import type { PresenceStatus } from './users.dto.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

export interface UserPresence {
  readonly status: PresenceStatus;
  readonly lastSeen: Date | null;
}

/** Provides the presence of users. It omits the users whose presence `viewerId` may not see. */
export interface PresenceSource {
  find(viewerId: string, userIds: string[]): Promise<ReadonlyMap<string, UserPresence>>;
  /** The presence of each user as they see it themselves. */
  findAsSeenBySelf(userIds: string[]): Promise<ReadonlyMap<string, UserPresence>>;
}

/**
 * Looks up the presence of users. The module `presence`, above this one, registers itself as the source at start.
 * Without a source, or while it fails, all users are offline: presence never causes an error.
 */
@Injectable()
export class PresenceLookup {
  private readonly failures = new RepeatedWarning(new Logger(PresenceLookup.name), 'presence could not be read', {
    recovered: 'presence is read again',
  });
  private source: PresenceSource | undefined;

  setSource(source: PresenceSource): void {
    this.source = source;
  }

  find(viewerId: string, userIds: string[]): Promise<ReadonlyMap<string, UserPresence>> {
    return this.query(userIds, (source) => source.find(viewerId, userIds));
  }

  findAsSeenBySelf(userIds: string[]): Promise<ReadonlyMap<string, UserPresence>> {
    return this.query(userIds, (source) => source.findAsSeenBySelf(userIds));
  }

  private async query(
    userIds: string[],
    work: (source: PresenceSource) => Promise<ReadonlyMap<string, UserPresence>>,
  ): Promise<ReadonlyMap<string, UserPresence>> {
    if (!this.source || userIds.length === 0) return new Map();
    try {
      const source = this.source;
      return await this.failures.watch(() => work(source));
    } catch {
      return new Map();
    }
  }
}
