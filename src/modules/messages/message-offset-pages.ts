import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import type { OffsetPage, OffsetRange } from '../../platform/pagination/page.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { presentMessage } from './message-presenter.js';
import { MessageReadsRepository } from './message-reads.repository.js';
import type { MessageDto } from './messages.dto.js';

/**
 * Only for dialects: pages of messages by offset from the newest, for clients that count pages. Sequence numbers have
 * no gaps, so an offset translates to a sequence number: no rows are read and discarded, however deep the page.
 */
@Injectable()
export class MessageOffsetPages {
  constructor(
    private readonly reads: MessageReadsRepository,
    private readonly participants: ParticipantsPolicy,
  ) {}

  /** Newest first; `total` counts tombstones too. @throws ConversationNotFound, PermissionDenied */
  async page(actor: Actor, conversationId: string, { offset, limit }: OffsetRange): Promise<OffsetPage<MessageDto>> {
    await this.participants.requireMember(actor, conversationId);
    const total = await this.reads.lastNumber(conversationId);
    const rows = offset < total ? await this.reads.older(conversationId, total - offset + 1, limit, {}) : [];
    return { data: rows.map((row) => presentMessage(row, actor.userId)), total };
  }
}
