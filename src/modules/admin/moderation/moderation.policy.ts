import { Injectable } from '@nestjs/common';
import type { AppError } from '../../../platform/errors/app-error.js';
import { AuthenticationRequired } from '../../../platform/errors/app-error.js';
import type { StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { UsersPolicy } from '../../users/users.policy.js';

/** The scope of rules and held messages: the whole installation, or one conversation. */
export type ModerationScope =
  | { readonly kind: 'installation'; readonly conversationId: null }
  | { readonly kind: 'conversation'; readonly conversationId: string };

export const INSTALLATION_SCOPE: ModerationScope = { kind: 'installation', conversationId: null };

export function scopeOf(conversationId: string): ModerationScope {
  return { kind: 'conversation', conversationId };
}

/** Decides who moderates what. With `tx`, under a lock, the current roles count. */
@Injectable()
export class ModerationPolicy {
  constructor(
    private readonly users: UsersPolicy,
    private readonly participants: ParticipantsPolicy,
  ) {}

  /**
   * Rules of the installation are edited by admins; those of a conversation by its moderators and by system moderators.
   * @throws PermissionDenied, …
   */
  async requireRuleEditor(actor: Actor, { conversationId }: ModerationScope, tx?: StreamTransaction): Promise<void> {
    if (conversationId === null) await this.users.requireRank(actor, 'admin', tx);
    else this.participants.requireModerator(await this.participants.loadAccess(actor, conversationId, tx));
  }

  /**
   * Requires the right to read and decide on held messages. In a conversation only participants have it, because
   * reviewing includes reading.
   * @throws PermissionDenied, …
   */
  async requireReviewer(actor: Actor, { conversationId }: ModerationScope, tx?: StreamTransaction): Promise<void> {
    if (conversationId === null) return void (await this.users.requireRank(actor, 'moderator', tx));
    const membership = tx
      ? await this.participants.requireMemberUnderLock(tx, actor, conversationId)
      : await this.participants.requireMember(actor, conversationId);
    this.participants.requireModerator(membership);
  }

  /**
   * Requires a moderator or admin of the system. Returns the actor with their current role. @throws PermissionDenied
   */
  requireSystemModerator(actor: Actor, tx?: StreamTransaction): Promise<Actor> {
    return this.users.requireRank(actor, 'moderator', tx);
  }

  /** Returns the user about whom this moderator may not see reports: themselves. Admins see all. */
  hiddenSubject({ role, userId }: Actor): string | undefined {
    return role === 'admin' ? undefined : userId;
  }

  /** Requires a valid account and session. @throws AuthenticationRequired, AccountBanned */
  requireActive(actor: Actor, tx: StreamTransaction): Promise<Actor> {
    return this.users.requireActive(tx, actor);
  }

  /** Returns the error for a scope that does not exist. */
  notFound({ conversationId }: ModerationScope): AppError {
    return conversationId === null ? new AuthenticationRequired() : new ConversationNotFound();
  }
}
