import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import { UsersService } from '../users/users.service.js';
import { CreateConversation } from './create-conversation.js';

/** The conversation of two, for clients that name the other one instead. */
@Injectable()
export class DirectConversations {
  constructor(
    private readonly creation: CreateConversation,
    private readonly users: UsersService,
    private readonly limits: Limits,
  ) {}

  /** Undefined where the two have none yet. @throws UserNotFound */
  async find(actor: Actor, otherId: string): Promise<string | undefined> {
    const known = await this.creation.findDirect(actor, otherId);
    if (known === undefined) await this.users.find(otherId);
    return known;
  }

  /**
   * Opens it where there is none; that counts as a conversation opened.
   * @throws ValidationError, UserNotFound, PermissionDenied across a block, RateLimitExceeded, AuthenticationRequired,
   *   AccountBanned
   */
  async open(actor: Actor, otherId: string): Promise<string> {
    if (otherId === actor.userId) throw ValidationError.of('recipient_id', 'is yourself');
    const known = await this.creation.findDirect(actor, otherId);
    if (known !== undefined) return known;
    await this.limits.check('conversation.create', actor);
    return (await this.creation.create(actor, { type: 'direct', participant_ids: [otherId] })).id;
  }
}
