import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import type { OffsetPage } from '../../platform/pagination/offset-page.js';
import { type DirectoryRow, RoomDirectoryRepository } from './room-directory.repository.js';

export type { DirectoryRow } from './room-directory.repository.js';

/** More slugs than this are not kept in memory; rooms beyond are called by their ids. */
const SLUGS_MAX = 10_000;

/** The public rooms there are, the oldest first, with how many of their participants are there. */
@Injectable()
export class RoomDirectoryService {
  constructor(
    private readonly repository: RoomDirectoryRepository,
    private readonly config: Config,
  ) {}

  /** For everybody, guests included where they are wanted. @throws AuthenticationRequired */
  async list(
    actor: Actor | undefined,
    filter: { category?: string; limit: number; offset: number },
  ): Promise<OffsetPage<DirectoryRow>> {
    if (!actor && this.config.guestAccess === 'off') throw new AuthenticationRequired();
    const [data, total] = await Promise.all([this.repository.page(filter), this.repository.count(filter.category)]);
    return { data, total };
  }

  /** After the caller's right was judged. */
  activeIn(conversationId: string): Promise<number> {
    return this.repository.activeIn(conversationId);
  }

  /** What rooms are called in addresses, by id. Not for showing: private ones are among them. */
  async slugs(): Promise<Map<string, string>> {
    return new Map((await this.repository.slugs(SLUGS_MAX)).map(({ id, slug }) => [id, slug]));
  }
}
