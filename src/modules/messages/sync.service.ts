import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { ResumeCursors } from '../../platform/realtime/resume/cursor.js';
import { Resume } from '../../platform/realtime/resume/resume.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { MessageQueriesRepository } from './message-queries.repository.js';
import type { EventPageDto, EventsQuery, SyncDto, SyncQuery } from './sync.dto.js';

const DEFAULT_EVENTS = 100;

/**
 * The event log for clients without a socket: the events that a client has to apply to its state. The result is
 * complete, or names what the client has to fetch.
 */
@Injectable()
export class SyncService {
  constructor(
    private readonly resume: Resume,
    private readonly cursors: ResumeCursors,
    private readonly reads: MessageQueriesRepository,
    private readonly participants: ParticipantsPolicy,
  ) {}

  /** Returns all events since a cursor; without a cursor, a first one. @throws ServiceUnavailable */
  async since(actor: Actor, { cursor }: SyncQuery): Promise<SyncDto> {
    if (cursor !== undefined) return this.resume.readSince(actor.userId, cursor);
    const first = await this.cursors.now(actor.userId);
    return { events: [], resync: [{ scope: 'all', reason: 'no_cursor' }], cursor: first };
  }

  /** A page of the events of one conversation, oldest first. @throws ConversationNotFound, PermissionDenied */
  async events(actor: Actor, conversationId: string, query: EventsQuery): Promise<EventPageDto> {
    const { after_seq: afterSeq, limit = DEFAULT_EVENTS } = query;
    const { hiddenUpToNumber: hiddenUpTo } = await this.participants.requireMember(actor, conversationId);
    const { lastSeq: atSeq } = await this.reads.head(conversationId);
    const data = await this.resume.readStream(conversationId, afterSeq, limit, { userId: actor.userId, hiddenUpTo });
    return { data, has_more: (data.at(-1)?.seq ?? afterSeq) < atSeq, at_seq: atSeq };
  }
}
