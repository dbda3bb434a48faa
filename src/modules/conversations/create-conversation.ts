import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { newId } from '../../platform/database/ids.js';
import { PermissionDenied, ServiceUnavailable, ValidationError } from '../../platform/errors/app-error.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { mergeMetadata } from '../../platform/validation/merged-metadata.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { type NewParticipant, ParticipantsService } from '../participants/participants.service.js';
import { UsersPolicy } from '../users/users.policy.js';
import { isServer } from '../users/system-user.constants.js';
import {
  cleanDescription,
  cleanTitle,
  requireExternalName,
  requireHistorySettings,
  requireNewConversation,
  requirePair,
  requirePicture,
} from './conversation-fields.policy.js';
import type { CreateConversationDto } from './conversations.dto.js';
import { ConversationTypesService } from './conversation-types/conversation-types.service.js';
import { SlugTaken } from './conversations.errors.js';
import { CONVERSATION_CREATED } from './conversations.events.js';
import { ConversationsRepository, type NewConversation } from './conversations.repository.js';

const ATTEMPTS = 3;

export interface CreatedConversation {
  readonly id: string;
  /** False if the two users already had a direct conversation. */
  readonly isNew: boolean;
}

/** A conversation whose conversation type is still to be found. */
type ConversationDraft = Omit<NewConversation, 'typeName'> & { readonly type_name?: string };

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
    private readonly types: ConversationTypesService,
    private readonly participants: ParticipantsService,
    private readonly policy: ParticipantsPolicy,
    private readonly log: EventLog,
    private readonly config: Config,
  ) {}

  /**
   * @throws ValidationError, UserNotFound, PermissionDenied across a block or against
   *   `DIRECT_CONVERSATIONS`, SlugTaken, AuthenticationRequired,
   *   AccountBanned
   */
  async create(actor: Actor, dto: CreateConversationDto): Promise<CreatedConversation> {
    const others = othersIn(actor, dto);
    if (dto.type === 'direct') return this.findOrCreateDirect(actor, pairOf(actor, dto, others), dto);
    requireNewConversation(dto, others);
    const conversation = toDraft(actor, dto);
    try {
      await this.store(actor, conversation, firstParticipants(actor, others));
    } catch (error) {
      if (error instanceof KeyTaken) throw new SlugTaken();
      throw error;
    }
    return { id: conversation.id, isNew: true };
  }

  /**
   * Returns the conversation with this id of the host product, as it is, or creates it. Concurrent calls create one.
   * Only for the host's backend, not for keys that act as a user.
   * @throws PermissionDenied, ValidationError, UserNotFound, SlugTaken, ServiceUnavailable, AuthenticationRequired,
   *   AccountBanned
   */
  async findOrCreateByExternalId(actor: Actor, name: string, dto: CreateConversationDto): Promise<CreatedConversation> {
    if (!isServer(actor))
      throw new PermissionDenied('Only a server key that acts as no user may assign an external id.');
    const externalId = requireExternalName(name);
    if (dto.type === 'direct') throw ValidationError.of('type', 'a direct conversation is named by its two users');
    const others = othersIn(actor, dto);
    requireNewConversation(dto, others);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const existing = await this.repository.findByExternalId(externalId);
      if (existing !== undefined) return { id: existing, isNew: false };
      const conversation = { ...toDraft(actor, dto), externalId };
      try {
        await this.store(actor, conversation, firstParticipants(actor, others));
        return { id: conversation.id, isNew: true };
      } catch (error) {
        if (!(error instanceof KeyTaken)) throw error;
        const isNamed = (await this.repository.findByExternalId(externalId)) !== undefined;
        if (!isNamed && dto.slug !== undefined && (await this.policy.hasSlug(dto.slug))) throw new SlugTaken();
      }
    }
    throw new ServiceUnavailable(); // deleted after each conflict
  }

  /** The direct conversation of the actor and another user, if they have one. */
  findDirect(actor: Actor, otherId: string): Promise<string | undefined> {
    return this.repository.findDirect(directKeyOf(actor.userId, otherId));
  }

  private async findOrCreateDirect(
    actor: Actor,
    pair: [string, string],
    { metadata, type_name }: CreateConversationDto,
  ): Promise<CreatedConversation> {
    const directKey = directKeyOf(...pair);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const existing = await this.repository.findDirect(directKey);
      if (existing !== undefined) return { id: existing, isNew: false };
      await this.requireMayContact(actor, pair);
      const conversation = { ...toDraft(actor, { type: 'direct', type_name, metadata }), directKey };
      try {
        await this.store(
          actor,
          conversation,
          pair.map((userId) => ({ userId, role: 'owner' })),
        );
        return { id: conversation.id, isNew: true };
      } catch (error) {
        if (!(error instanceof KeyTaken)) throw error;
      }
    }
    throw new ServiceUnavailable(); // deleted after each conflict
  }

  /** `DIRECT_CONVERSATIONS` says with whom users may begin one. @throws PermissionDenied */
  private async requireMayContact(actor: Actor, pair: [string, string]): Promise<void> {
    const { directConversations } = this.config;
    if (directConversations === 'everyone' || actor.role === 'admin') return;
    const isAllowed =
      directConversations === 'shared_conversations' && (await this.repository.shareConversation(...pair));
    if (!isAllowed) throw new PermissionDenied('You cannot start a conversation with this user.');
  }

  private store(actor: Actor, conversation: ConversationDraft, additions: NewParticipant[]): Promise<unknown> {
    return this.log.create(conversation.id, async (tx) => {
      const current = await this.users.requireActive(tx, actor);
      const typed = { ...conversation, ...(await this.types.requireForNew(tx, current, conversation)) };
      if (!(await this.repository.insert(tx, typed, tx.head.at))) throw new KeyTaken();
      await this.participants.addAll(tx, actor, additions);
      tx.publishExternal({ type: CONVERSATION_CREATED, actorId: actor.userId, subjectId: conversation.id });
    });
  }
}

/** The users to be added, without the creator. */
function othersIn({ userId }: Actor, { participant_ids: ids = [] }: CreateConversationDto): string[] {
  return [...new Set(ids)].filter((id) => id !== userId);
}

/**
 * The two users of a direct conversation: the creator and another user or, if the host's backend creates it, the two
 * that it names. @throws ValidationError
 */
function pairOf(actor: Actor, dto: CreateConversationDto, others: readonly string[]): [string, string] {
  const pair = isServer(actor) ? requirePair(others) : undefined;
  requireNewConversation(dto, pair ? [pair[1]] : others);
  return pair ?? [actor.userId, others[0]!];
}

/** A user owns what they create. The host's backend is no participant, and what it creates needs no owner. */
function firstParticipants(actor: Actor, others: readonly string[]): NewParticipant[] {
  const added = others.map((userId): NewParticipant => ({ userId, role: 'participant' }));
  return isServer(actor) ? added : [{ userId: actor.userId, role: 'owner' }, ...added];
}

function directKeyOf(...pair: [string, string]): string {
  return pair.sort().join(':');
}

function toDraft(actor: Actor, dto: CreateConversationDto): ConversationDraft {
  requireHistorySettings(dto.settings ?? {});
  return {
    id: newId(),
    type: dto.type,
    type_name: dto.type_name,
    title: cleanTitle(dto.title),
    description: cleanDescription(dto.description ?? ''),
    slug: dto.slug ?? null,
    category: dto.category ?? null,
    directKey: null,
    createdBy: actor.userId,
    settings: dto.settings ?? {},
    externalId: null,
    picture: typeof dto.picture === 'string' ? requirePicture(dto.picture) : null,
    metadata: mergeMetadata('metadata', {}, dto.metadata ?? {}),
  };
}
