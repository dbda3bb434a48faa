import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { ConversationsRepository } from './conversations.repository.js';

export const GENERAL_SLUG = 'general';

/** Rolls back the stream that was made for a room somebody else has made first. */
class MadeElsewhere extends Error {}

/**
 * The public room that is there from the first start. It is the server's own: it needs no owner and cannot be deleted.
 */
@Injectable()
export class GeneralRoom implements OnApplicationBootstrap {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly policy: ParticipantsPolicy,
    private readonly log: EventLog,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (await this.policy.hasSlug(GENERAL_SLUG)) return;
    const room = {
      id: newId(),
      type: 'room' as const,
      title: 'General',
      description: '',
      slug: GENERAL_SLUG,
      category: null,
      directKey: null,
      createdBy: null,
      settings: {},
    };
    try {
      await this.log.create(room.id, async (tx) => {
        if (!(await this.repository.insert(tx, room, tx.head.at))) throw new MadeElsewhere();
      });
    } catch (error) {
      if (!(error instanceof MadeElsewhere)) throw error;
    }
  }
}
