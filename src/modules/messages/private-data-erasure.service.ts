import { Injectable } from '@nestjs/common';
import { DraftsRepository } from './drafts/drafts.repository.js';
import { HiddenMessagesRepository } from './hidden-messages.repository.js';
import { SavedMessagesRepository } from './saved/saved-messages.repository.js';
import { ScheduledMessagesRepository } from './scheduled/scheduled-messages.repository.js';

/** Deletes what only an erased user has seen. */
@Injectable()
export class PrivateDataErasure {
  constructor(
    private readonly hidden: HiddenMessagesRepository,
    private readonly scheduled: ScheduledMessagesRepository,
    private readonly saved: SavedMessagesRepository,
    private readonly drafts: DraftsRepository,
  ) {}

  /** Deletes scheduled and saved messages, drafts, and the list of messages that the user has deleted for themselves. */
  async erase(userId: string): Promise<void> {
    await this.hidden.deleteOfUser(userId);
    await this.scheduled.deleteAllOf(userId);
    await this.saved.deleteAllOf(userId);
    await this.drafts.deleteAllOf(userId);
  }
}
