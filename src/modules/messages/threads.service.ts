import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../platform/errors/app-error.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../platform/pagination/page.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { UnreadService } from '../participants/unread.service.js';
import { presentMessage } from './message-presenter.js';
import { MessageNotFound } from './messages.errors.js';
import { MessagesRepository } from './messages.repository.js';
import type { ListThreadsQuery, MarkThreadDto, ThreadDto, ThreadStateDto } from './threads.dto.js';
import { ThreadStateChanged } from './threads.events.js';
import { ThreadsRepository } from './threads.repository.js';
import { historyOf, VisibleMessages } from './visible-messages.js';

/**
 * The threads that users follow, and what they have read of them. A user follows a thread after starting it, replying
 * or being mentioned in it, or by request.
 */
@Injectable()
export class ThreadsService {
  constructor(
    private readonly repository: ThreadsRepository,
    private readonly messages: MessagesRepository,
    private readonly visible: VisibleMessages,
    private readonly participants: ParticipantsPolicy,
    private readonly unread: UnreadService,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /**
   * The threads that the actor follows, in their conversations of now, the last reply first. @throws ValidationError
   */
  async list(actor: Actor, { limit = DEFAULT_PAGE_SIZE, cursor, unread }: ListThreadsQuery): Promise<Page<ThreadDto>> {
    const after = cursor === undefined ? undefined : (decodeCursor(cursor, ['millis', 'uuid']) as [number, string]);
    const rows = await this.repository.page(actor.userId, { isUnread: unread, after, limit: limit + 1 });
    return toPage(
      rows,
      limit,
      (row) => ({
        root_id: row.id,
        conversation_id: row.conversation_id,
        is_following: row.is_following,
        last_read_number: row.last_read_number,
        unread_count: row.unread_count,
        root: row.is_root_hidden ? null : presentMessage(row, actor.userId),
      }),
      (row) => [row.last_reply_ms, row.id],
    );
  }

  /** Follows a thread by its root or any of its replies. @throws MessageNotFound, PermissionDenied */
  follow(actor: Actor, id: string): Promise<ThreadStateDto> {
    return this.change(actor, id, (tx, rootId) => this.repository.setFollowing(tx, rootId, actor.userId, true));
  }

  /** Replies of others do not make the actor follow the thread again, mentions do. @throws as `follow` */
  unfollow(actor: Actor, id: string): Promise<ThreadStateDto> {
    return this.change(actor, id, (tx, rootId) => this.repository.setFollowing(tx, rootId, actor.userId, false));
  }

  /** Marks the replies up to a message number as read; a mark never moves back. @throws ValidationError; as `follow` */
  markRead(actor: Actor, id: string, { sequence_number: number }: MarkThreadDto): Promise<ThreadStateDto> {
    return this.change(actor, id, (tx, rootId) => {
      if (number > tx.head.lastNumber) throw ValidationError.of('sequence_number', 'is above the newest message');
      return this.repository.mark(tx, rootId, actor.userId, number);
    });
  }

  /** Runs `work` under the lock of the conversation, and announces the new state. */
  private async change(
    actor: Actor,
    id: string,
    work: (tx: StreamTransaction, rootId: string) => Promise<boolean>,
  ): Promise<ThreadStateDto> {
    const [message] = await this.messages.find([id]);
    if (!message) throw new MessageNotFound();
    const rootId = message.thread_root_id ?? message.id;
    const written = await this.log.write(message.conversation_id, async (tx) => {
      const membership = await this.participants.requireMemberUnderLock(tx, actor, message.conversation_id);
      await this.visible.requireThread(historyOf(actor, membership), { ...message, root_id: rootId }, tx);
      return { hasChanged: await work(tx, rootId) };
    });
    if (!written) throw new MessageNotFound();
    const state = await this.repository.state(actor.userId, rootId);
    if (written.hasChanged) {
      const { threads } = await this.unread.totalsOf(actor.userId);
      this.events.publish(new ThreadStateChanged(actor.userId, { ...state, threads }));
    }
    return state;
  }
}
