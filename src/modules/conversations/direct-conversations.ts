import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import { UsersService } from '../users/users.service.js';
import { CreateConversation } from './create-conversation.js';
import { CONVERSATION_CREATE_LIMIT } from './conversations.limits.js';

/** Only for dialects: direct conversations for clients that name the other user instead of the conversation. */
@Injectable()
export class DirectConversations {
  constructor(
    private readonly creation: CreateConversation,
    private readonly users: UsersService,
    private readonly limits: Limits,
  ) {}

  /** Undefined if the two users have none yet. @throws UserNotFound */
  async find(actor: Actor, otherId: string): Promise<string | undefined> {
    const existing = await this.creation.findDirect(actor, otherId);
    if (existing === undefined) await this.users.requireUser(otherId);
    return existing;
  }

  /**
   * Returns the direct conversation, and creates it if there is none; a creation counts towards the rate limit.
   * @throws ValidationError, UserNotFound, PermissionDenied across a block, RateLimitExceeded, AuthenticationRequired,
   *   AccountBanned
   */
  async findOrCreate(actor: Actor, otherId: string): Promise<string> {
    if (otherId === actor.userId) throw ValidationError.of('recipient_id', 'is yourself');
    const existing = await this.creation.findDirect(actor, otherId);
    if (existing !== undefined) return existing;
    await this.limits.check(CONVERSATION_CREATE_LIMIT, actor);
    return (await this.creation.create(actor, { type: 'direct', participant_ids: [otherId] })).id;
  }
}
