import { Injectable } from '@nestjs/common';
import type { AppError } from '../../../platform/errors/app-error.js';
import { AuthenticationRequired, PermissionDenied } from '../../../platform/errors/app-error.js';
import type { StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/http/actor.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { UsersPolicy } from '../../users/users.policy.js';

/** Where rules hold and what they hold back waits: the whole installation, or one conversation. */
export type Place =
  | { readonly queue: 'installation'; readonly conversationId: null }
  | { readonly queue: 'conversation'; readonly conversationId: string };

export const INSTALLATION_PLACE: Place = { queue: 'installation', conversationId: null };

export function placeOf(conversationId: string): Place {
  return { queue: 'conversation', conversationId };
}

/** Who moderates what. Under a lock (with `tx`) the roles of that moment count. */
@Injectable()
export class ModerationPolicy {
  constructor(
    private readonly users: UsersPolicy,
    private readonly participants: ParticipantsPolicy,
  ) {}

  /**
   * Who makes rules: admins; in a conversation its moderators, and who keeps order there.
   * @throws PermissionDenied, …
   */
  async requireRuleEditor(actor: Actor, { conversationId }: Place, tx?: StreamTransaction): Promise<void> {
    if (conversationId === null) await this.users.requireRank(actor, 'admin', tx);
    else this.participants.requireModerator(await this.participants.access(actor, conversationId, tx));
  }

  /**
   * Who sees what was held and decides on it; in a conversation only who takes part: it is reading.
   * @throws PermissionDenied, …
   */
  async requireReviewer(actor: Actor, { conversationId }: Place, tx?: StreamTransaction): Promise<void> {
    if (conversationId === null) return void (await this.users.requireRank(actor, 'moderator', tx));
    const membership = tx
      ? await this.participants.requireMemberUnderLock(tx, actor, conversationId)
      : await this.participants.requireMember(actor, conversationId);
    this.participants.requireModerator(membership);
  }

  /** Moderators and admins of the system. Answers the actor as he is now. @throws PermissionDenied */
  requireModerator(actor: Actor, tx?: StreamTransaction): Promise<Actor> {
    return this.users.requireRank(actor, 'moderator', tx);
  }

  /** Reports about this user are not for this moderator to see: their own. Admins see all. */
  hiddenSubject({ role, userId }: Actor): string | undefined {
    return role === 'admin' ? undefined : userId;
  }

  /** The account and session are good now. @throws AuthenticationRequired, AccountBanned */
  requireActive(actor: Actor, tx: StreamTransaction): Promise<Actor> {
    return this.users.requireActive(tx, actor);
  }

  /** @throws PermissionDenied */
  deny(message: string): never {
    throw new PermissionDenied(message);
  }

  /** The stream of a place has no head. */
  notFound({ conversationId }: Place): AppError {
    return conversationId === null ? new AuthenticationRequired() : new ConversationNotFound();
  }
}
