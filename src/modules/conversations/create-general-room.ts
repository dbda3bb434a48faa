import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { ConversationsRepository } from './conversations.repository.js';

export const GENERAL_SLUG = 'general';

/** Rolls back the new stream if another process has created the room first. */
class CreatedElsewhere extends Error {}

/**
 * Creates the public room `general` at the first start. It belongs to the server: it needs no owner and cannot be
 * deleted.
 */
@Injectable()
export class CreateGeneralRoom implements OnApplicationBootstrap {
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
      typeName: null,
      description: '',
      slug: GENERAL_SLUG,
      category: null,
      directKey: null,
      createdBy: null,
      settings: {},
      externalId: null,
      picture: null,
      metadata: {},
    };
    try {
      await this.log.create(room.id, async (tx) => {
        if (!(await this.repository.insert(tx, room, tx.head.at))) throw new CreatedElsewhere();
      });
    } catch (error) {
      if (!(error instanceof CreatedElsewhere)) throw error;
    }
  }
}
