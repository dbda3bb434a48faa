import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeating } from '../../../platform/concurrency/repeating.js';
import { AppError, InternalError, ServiceUnavailable } from '../../../platform/errors/app-error.js';
import { EventLog } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';
import { CheckUnavailable, HeldForReview, SlowMode } from '../messages.errors.js';
import { SendMessage } from '../send-message.js';
import {
  type RemovalReason,
  SCHEDULED_MESSAGE_REMOVED,
  SCHEDULED_MESSAGE_UPDATED,
} from './scheduled-messages.events.js';
import { type DueMessage, type Postponed, ScheduledMessagesRepository } from './scheduled-messages.repository.js';

const POLL_MS = 500;
const BATCH = 200;
/** A worker that is killed delays what it had taken by this. */
const LEASE_SECONDS = 2;
/** What is refused for a reason that passes, such as slow mode, is tried for this long. */
const RETRY_FOR_MS = 3_600_000;

/** What became of one message. Undefined: that is not known, and another attempt will find out. */
type Result =
  | { readonly due: DueMessage; readonly removal: { reason: RemovalReason; message_id: string | null } }
  | { readonly due: DueMessage; readonly postponed: Postponed }
  | undefined;

/**
 * Sends scheduled messages when their time has come: twice a second it takes what is due, sends it as its author would,
 * and removes it. Each has the key `client_message_id`, so that it is stored once however often it is sent: by two
 * workers, or again after a worker was killed.
 */
@Injectable()
export class SendScheduledMessages implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly warning = new RepeatedWarning(
    new Logger(SendScheduledMessages.name),
    'scheduled messages are delayed',
    { recovered: 'scheduled messages are sent again' },
  );
  private cycles: Repeating | undefined;
  private isClosed = false;

  constructor(
    private readonly repository: ScheduledMessagesRepository,
    private readonly sendMessage: SendMessage,
    private readonly log: EventLog,
  ) {}

  onApplicationBootstrap(): void {
    this.cycles = Repeating.every(POLL_MS, () => this.run(), { warning: this.warning });
  }

  async onModuleDestroy(): Promise<void> {
    this.isClosed = true;
    await this.cycles?.stop();
  }

  /** Sends all that is due. */
  async run(): Promise<void> {
    for (;;) {
      const due = await this.repository.claim(BATCH, LEASE_SECONDS);
      if (due.length > 0) await this.sendAll(due);
      if (due.length < BATCH || this.isClosed) return;
    }
  }

  /** Sends in the order of their times, so that those of one conversation are stored in it. */
  private async sendAll(due: DueMessage[]): Promise<void> {
    due.sort((a, b) => a.send_at.getTime() - b.send_at.getTime() || (a.id < b.id ? -1 : 1));
    const results = await Promise.all(due.map((message) => this.send(message)));
    await this.settle(results.flatMap((result) => result ?? []));
  }

  private async send(due: DueMessage): Promise<Result> {
    try {
      const { message } = await this.sendMessage.sendScheduled(authorOf(due), due.conversation_id, due.send);
      return { due, removal: { reason: 'sent', message_id: message.id } };
    } catch (error) {
      if (error instanceof HeldForReview) return { due, removal: { reason: 'held', message_id: null } };
      const mayRetry = Date.now() - due.send_at.getTime() < RETRY_FOR_MS;
      const isKnown = error instanceof AppError && !(error instanceof ServiceUnavailable);
      if (!isKnown) {
        this.warning.failed({ err: error });
        if (mayRetry) return undefined;
      }
      const { code, message, details } = isKnown ? error : new InternalError();
      const isPassing = error instanceof SlowMode || error instanceof CheckUnavailable;
      const retryAfterSeconds = isPassing && mayRetry ? Number(details.retry_after) : null;
      return { due, postponed: { id: due.id, retryAfterSeconds, error: { code, message } } };
    }
  }

  /** Records what became of them, in one transaction, with an event for each author. */
  private async settle(results: readonly NonNullable<Result>[]): Promise<void> {
    if (results.length === 0) return;
    const authors = [...new Set(results.map(({ due }) => due.sender_id))];
    await this.log.writeMany({ existing: authors, created: [] }, async (tx) => {
      const removed = results.flatMap((result) => ('removal' in result ? result.due.id : []));
      const postponed = results.flatMap((result) => ('postponed' in result ? result.postponed : []));
      // What another worker has settled has its event.
      const settled = new Set([
        ...(await this.repository.delete(tx, removed)),
        ...(await this.repository.postpone(tx, postponed)),
      ]);
      for (const result of results) {
        const { id, sender_id, conversation_id } = result.due;
        if (!settled.has(id)) continue;
        const event = { actorId: sender_id, subjectId: id };
        if ('removal' in result) {
          const payload = { conversation_id, ...result.removal };
          tx.appendTo(sender_id, { ...event, type: SCHEDULED_MESSAGE_REMOVED, payload });
        } else tx.appendTo(sender_id, { ...event, type: SCHEDULED_MESSAGE_UPDATED });
      }
    });
  }
}

/** The author without a session: those that they had when they wrote the message may have ended. */
function authorOf({ sender_id, role, username, display_name }: DueMessage): Actor {
  return { userId: sender_id, sessionId: '', role, username, displayName: display_name, expiresAt: 0 };
}
