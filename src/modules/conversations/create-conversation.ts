import { Injectable } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { ServiceUnavailable } from '../../platform/errors/app-error.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { type NewParticipant, ParticipantsService } from '../participants/participants.service.js';
import { UsersPolicy } from '../users/users.policy.js';
import { cleanDescription, requireNewConversation, cleanTitle } from './conversation-fields.policy.js';
import type { CreateConversationDto } from './conversations.dto.js';
import { SlugTaken } from './conversations.errors.js';
import { CONVERSATION_CREATED } from './conversations.events.js';
import { ConversationsRepository, type NewConversation } from './conversations.repository.js';

const DIRECT_ATTEMPTS = 3;

export interface CreatedConversation {
  readonly id: string;
  /** False if the two users already had a direct conversation. */
  readonly isNew: boolean;
}

/** Rolls the transaction back: another room has the slug, or the direct conversation was created concurrently. */
class KeyTaken extends Error {}

/**
 * Creates conversations. There is one direct conversation for each pair of users, even if both create it repeatedly and
 * concurrently: the unique key of the pair decides, and later calls return the conversation of the first.
 */
@Injectable()
export class CreateConversation {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly users: UsersPolicy,
    private readonly participants: ParticipantsService,
    private readonly log: EventLog,
  ) {}

  /**
   * @throws ValidationError, UserNotFound, PermissionDenied across a block, SlugTaken, AuthenticationRequired,
   *   AccountBanned
   */
  async create(actor: Actor, dto: CreateConversationDto): Promise<CreatedConversation> {
    const others = [...new Set(dto.participant_ids ?? [])].filter((id) => id !== actor.userId);
    requireNewConversation(dto, others);
    if (dto.type === 'direct') return this.findOrCreateDirect(actor, others[0]!);
    const conversation = toNewConversation(actor, dto);
    const additions: NewParticipant[] = [
      { userId: actor.userId, role: 'owner' },
      ...others.map((userId) => ({ userId, role: 'participant' as const })),
    ];
    try {
      await this.store(actor, conversation, additions);
    } catch (error) {
      if (error instanceof KeyTaken) throw new SlugTaken();
      throw error;
    }
    return { id: conversation.id, isNew: true };
  }

  /** The direct conversation of the actor and another user, if they have one. */
  findDirect(actor: Actor, otherId: string): Promise<string | undefined> {
    return this.repository.findDirect(directKeyOf(actor.userId, otherId));
  }

  private async findOrCreateDirect(actor: Actor, otherId: string): Promise<CreatedConversation> {
    const directKey = directKeyOf(actor.userId, otherId);
    for (let attempt = 0; attempt < DIRECT_ATTEMPTS; attempt++) {
      const existing = await this.repository.findDirect(directKey);
      if (existing !== undefined) return { id: existing, isNew: false };
      const conversation = { ...toNewConversation(actor, { type: 'direct' }), directKey };
      try {
        await this.store(actor, conversation, [
          { userId: actor.userId, role: 'owner' },
          { userId: otherId, role: 'owner' },
        ]);
        return { id: conversation.id, isNew: true };
      } catch (error) {
        if (!(error instanceof KeyTaken)) throw error;
      }
    }
    throw new ServiceUnavailable(); // deleted after each conflict
  }

  private store(actor: Actor, conversation: NewConversation, additions: NewParticipant[]): Promise<unknown> {
    return this.log.create(conversation.id, async (tx) => {
      await this.users.requireActive(tx, actor);
      if (!(await this.repository.insert(tx, conversation, tx.head.at))) throw new KeyTaken();
      await this.participants.addAll(tx, actor, additions);
      tx.publishExternal({ type: CONVERSATION_CREATED, actorId: actor.userId, subjectId: conversation.id });
    });
  }
}

function directKeyOf(...pair: [string, string]): string {
  return pair.sort().join(':');
}

function toNewConversation(actor: Actor, dto: CreateConversationDto): NewConversation {
  return {
    id: newId(),
    type: dto.type,
    title: cleanTitle(dto.title),
    description: cleanDescription(dto.description ?? ''),
    slug: dto.slug ?? null,
    category: dto.category ?? null,
    directKey: null,
    createdBy: actor.userId,
    settings: dto.settings ?? {},
  };
}
