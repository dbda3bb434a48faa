import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../platform/pagination/page.js';
import type { ListMentionsQuery } from './message-pages.dto.js';
import { presentMessage } from './message-presenter.js';
import type { MessageDto } from './messages.dto.js';
import { MentionsRepository } from './mentions.repository.js';

/** The messages that mention a user. */
@Injectable()
export class MentionsService {
  constructor(private readonly repository: MentionsRepository) {}

  /** The newest first, of the conversations in which the actor is a participant now. @throws ValidationError */
  async list(
    actor: Actor,
    { limit = DEFAULT_PAGE_SIZE, cursor, unread }: ListMentionsQuery,
  ): Promise<Page<MessageDto>> {
    const [before] = cursor === undefined ? [undefined] : (decodeCursor(cursor, ['uuid']) as string[]);
    const rows = await this.repository.page(actor.userId, { before, isUnread: unread, limit: limit + 1 });
    return toPage(
      rows,
      limit,
      (row) => presentMessage(row, actor.userId),
      (row) => [row.id],
    );
  }
}
