import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { OffsetPage } from '../../platform/pagination/page.js';
import { type DirectoryRow, RoomDirectoryRepository } from './room-directory.repository.js';

export type { DirectoryRow } from './room-directory.repository.js';

/**
 * Only for dialects, the other wire protocols of the server (src/dialects): public rooms by offset, the oldest first,
 * with the number of their participants who are not offline. `ConversationsService.publicRooms` lists them by cursor.
 */
@Injectable()
export class RoomDirectoryService {
  constructor(
    private readonly repository: RoomDirectoryRepository,
    private readonly config: Config,
  ) {}

  /** For all users; for guests if guest access is on. @throws AuthenticationRequired */
  async list(
    actor: Actor | undefined,
    filter: { category?: string; limit: number; offset: number },
  ): Promise<OffsetPage<DirectoryRow>> {
    if (!actor && this.config.guestAccess === 'off') throw new AuthenticationRequired();
    const [data, total] = await Promise.all([this.repository.page(filter), this.repository.count(filter.category)]);
    return { data, total };
  }

  /** Participants who are not offline. Without an access check, which is up to the caller. */
  countOnlineParticipants(conversationId: string): Promise<number> {
    return this.repository.countOnlineParticipants(conversationId);
  }
}
