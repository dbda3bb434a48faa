import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeating } from '../../../platform/concurrency/repeating.js';
import { EventLog } from '../../../platform/event-log/event-log.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';
import { SAVED_MESSAGE_DUE } from './saved-messages.events.js';
import { SavedMessagesRepository } from './saved-messages.repository.js';

const POLL_MS = 1000;
const BATCH = 200;

/**
 * Reminds users of saved messages: once a second it looks for reminders whose time has come. A reminder and its event are
 * one transaction under the lock of the user's stream, so that each is given once. A user who can no longer see the
 * message is not reminded.
 */
@Injectable()
export class RemindOfSavedMessages implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly warning = new RepeatedWarning(new Logger(RemindOfSavedMessages.name), 'reminders are delayed', {
    recovered: 'reminders are given again',
  });
  private cycles: Repeating | undefined;
  private isClosed = false;

  constructor(
    private readonly repository: SavedMessagesRepository,
    private readonly log: EventLog,
  ) {}

  onApplicationBootstrap(): void {
    this.cycles = Repeating.every(POLL_MS, () => this.run(), { warning: this.warning });
  }

  async onModuleDestroy(): Promise<void> {
    this.isClosed = true;
    await this.cycles?.stop();
  }

  /** Gives all reminders that are due. */
  async run(): Promise<void> {
    for (;;) {
      const existing = await this.repository.findDueUsers(BATCH);
      if (existing.length === 0 || this.isClosed) return;
      await this.log.writeMany({ existing, created: [] }, async (tx) => {
        const taken = await this.repository.takeDue(tx, existing, BATCH);
        for (const due of taken) {
          if (!due.is_visible) continue;
          tx.appendTo(due.user_id, {
            type: SAVED_MESSAGE_DUE,
            actorId: null,
            subjectId: due.message_id,
            payload: { conversation_id: due.conversation_id, remind_at: due.due_at.toISOString() },
          });
        }
      });
    }
  }
}
