import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../../platform/pagination/page.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { MessageNotFound } from '../messages.errors.js';
import { MessagesRepository } from '../messages.repository.js';
import { historyOf, VisibleMessages } from '../visible-messages.js';
import type { ListReactionsQuery, UserReactionDto } from './reactions.dto.js';
import { ReactionsRepository } from './reactions.repository.js';

/** Lists who has reacted to a message. */
@Injectable()
export class ReactionsService {
  constructor(
    private readonly repository: ReactionsRepository,
    private readonly messages: MessagesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly visible: VisibleMessages,
  ) {}

  /** The earliest reaction first. @throws MessageNotFound, PermissionDenied, ValidationError */
  async list(
    actor: Actor,
    messageId: string,
    { limit = DEFAULT_PAGE_SIZE, cursor, emoji }: ListReactionsQuery,
  ): Promise<Page<UserReactionDto>> {
    const position = await this.messages.findPosition(messageId);
    if (!position) throw new MessageNotFound();
    const membership = await this.participants.requireMember(actor, position.conversation_id);
    await this.visible.require(historyOf(actor, membership), { id: messageId, ...position });
    const [millis, userId, last] = cursor === undefined ? [] : decodeCursor(cursor, ['millis', 'uuid', 'word']);
    const after =
      cursor === undefined ? undefined : ([new Date(millis as number), userId as string, last as string] as const);
    const rows = await this.repository.page(messageId, { emoji, after, limit: limit + 1 });
    return toPage(
      rows,
      limit,
      (row) => ({ ...row, created_at: row.created_at.toISOString() }),
      (row) => [row.created_at.getTime(), row.user_id, row.emoji],
    );
  }
}
