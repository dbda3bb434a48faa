import { Injectable } from '@nestjs/common';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { AccountAdministration } from '../../auth/account-administration.service.js';
import { LegalHoldsService } from '../../conversations/legal-holds/legal-holds.service.js';
import { type ActorAndTarget, UserAdministration } from '../../users/user-administration.service.js';
import { UserNotFound } from '../../users/users.errors.js';
import { requireMayManage } from '../../users/users.policy.js';
import { WebhooksService } from '../../webhooks/webhooks.service.js';
import { AccountDeletionsRepository } from './account-deletions.repository.js';
import {
  type DeleteOwnAccountDto,
  type DeleteUserDto,
  type MessageErasureMode,
  requireReason,
} from './admin-users.dto.js';

/**
 * Deletes an account permanently. In one transaction it loses its names, email and profile, all sessions, its
 * credentials, its webhooks, and stored idempotent responses; from then on no login succeeds and nothing is sent. The
 * rest follows in the background.
 */
@Injectable()
export class DeleteAccount {
  constructor(
    private readonly users: UserAdministration,
    private readonly accounts: AccountAdministration,
    private readonly webhooks: WebhooksService,
    private readonly deletions: AccountDeletionsRepository,
    private readonly holds: LegalHoldsService,
    private readonly log: EventLog,
  ) {}

  /** Deletes an account of a lower role. @throws UserNotFound, PermissionDenied, ValidationError, LegalHold */
  async delete(actor: Actor, userId: string, { messages, reason }: DeleteUserDto): Promise<void> {
    const options = { messages, reason: requireReason(reason) };
    await this.deleteWith(userId, options, (tx) => this.users.requireOutranks(tx, actor, userId, 'admin'));
  }

  /** Deletes an account for the host product. @throws UserNotFound, PermissionDenied */
  async deleteForHost(actor: Actor, userId: string, messages: MessageErasureMode): Promise<void> {
    const options = { messages, reason: actor.auditReason ?? 'requested by the host product' };
    await this.deleteWith(userId, options, async (tx) => {
      const found = await this.users.requireOutranks(tx, actor, userId, 'admin');
      requireMayManage(actor, found.target, found.target.role);
      return found;
    });
  }

  /**
   * Deletes the actor's own account; the password, or a new token of the identity provider, confirms it.
   * @throws ValidationError, InvalidCredentials, FreshTokenRequired, AccountLocked, LastAdmin, LegalHold
   */
  async deleteOwn(
    actor: Actor,
    { messages, current_password: password }: DeleteOwnAccountDto,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.accounts.requireReauthentication(actor, password, signal);
    const options = { messages, reason: 'requested by the user' };
    await this.deleteWith(actor.userId, options, (tx) => this.users.requireActiveSelf(tx, actor));
  }

  private async deleteWith(
    userId: string,
    { messages, reason }: { messages: MessageErasureMode; reason: string },
    authorize: (tx: StreamTransaction) => Promise<ActorAndTarget>,
  ): Promise<void> {
    const endedSessionIds = await this.log.write(userId, async (tx) => {
      const { actor: current, target } = await authorize(tx);
      await this.holds.requireUserNotHeld(tx, userId);
      await this.users.erasePersonalData(tx, target, messages === 'keep' ? 'kept' : 'replaced');
      const sessionIds = await this.accounts.endSessionsAndDeleteCredentials(tx, userId);
      await this.webhooks.deleteAllOf(tx, userId);
      await this.deletions.insert(tx, userId, { messages, at: tx.head.at });
      const [before, after] = [{ role: target.role }, { messages }];
      tx.audit({ actor: current, action: 'user.delete', target: { type: 'user', id: userId }, reason, before, after });
      return sessionIds;
    });
    if (!endedSessionIds) throw new UserNotFound();
    this.accounts.announceAccountDeleted(userId, endedSessionIds);
    this.webhooks.announceDeletion();
  }
}
