import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';
import { ChangeAnnouncementsRepository } from './change-announcements.repository.js';
import { SystemMessages } from './system-messages.port.js';

/** What is announced, and which users or message it concerns. */
export interface AnnouncedChange {
  readonly action:
    | 'participant.joined'
    | 'participant.added'
    | 'participant.left'
    | 'participant.removed'
    | 'participant.role_changed'
    | 'conversation.title_changed'
    | 'message.pinned';
  readonly ids: readonly string[];
  /** Null: the server itself. */
  readonly actorId: string | null;
}

/** What is not announced where joins and leaves are no events. */
const OF_MEMBERS: ReadonlySet<AnnouncedChange['action']> = new Set([
  'participant.joined',
  'participant.added',
  'participant.left',
  'participant.removed',
]);

/**
 * Announces changes by system messages without a text, if the settings of the conversation say so: clients word them in
 * the language of their user. The message is written in the transaction of the change, after its event.
 */
@Injectable()
export class ChangeAnnouncements {
  constructor(
    private readonly repository: ChangeAnnouncementsRepository,
    private readonly messages: SystemMessages,
  ) {}

  /** Under the lock of the conversation. */
  async announce(tx: StreamTransaction, { action, ids, actorId }: AnnouncedChange): Promise<void> {
    const userId = actorId ?? SYSTEM_USER_ID;
    const sender = await this.repository.findSender(tx, {
      conversationId: tx.head.streamId,
      userId,
      isOfMember: OF_MEMBERS.has(action),
    });
    if (!sender) return;
    const actor = { userId, displayName: sender.display_name };
    await this.messages.append(tx, {
      actor,
      content: '',
      metadata: { action, ids },
      isShadowed: sender.is_shadowed,
    });
  }
}
