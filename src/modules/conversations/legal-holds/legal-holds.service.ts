import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { AuthenticationRequired } from '../../../platform/errors/app-error.js';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../../platform/pagination/page.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { UserNotFound } from '../../users/users.errors.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { LegalHold, LegalHoldNotFound } from '../conversations.errors.js';
import type { CreateLegalHoldDto, LegalHoldDto, ListLegalHoldsQuery } from './legal-holds.dto.js';
import { type LegalHoldRow, LegalHoldsRepository } from './legal-holds.repository.js';

/** Conversations whose locks are awaited together. */
const LOCKED_AT_ONCE = 100;

/**
 * Legal holds, for admins. What a hold covers is deleted by nothing: no user, no moderator, no retention and no
 * deletion of an account. Those who delete check it under the lock of the conversation, with the SQL function
 * `under_legal_hold`.
 */
@Injectable()
export class LegalHoldsService {
  constructor(
    private readonly repository: LegalHoldsRepository,
    private readonly users: UsersPolicy,
    private readonly log: EventLog,
  ) {}

  /** Newest first. @throws PermissionDenied, ValidationError */
  async list(actor: Actor, query: ListLegalHoldsQuery): Promise<Page<LegalHoldDto>> {
    await this.users.requireRank(actor, 'admin');
    const { limit = DEFAULT_PAGE_SIZE, cursor, include_released = false } = query;
    const [at, id] = cursor === undefined ? [] : (decodeCursor(cursor, ['millis', 'uuid']) as [number, string]);
    const after = at === undefined ? undefined : { at: new Date(at), id: id! };
    const rows = await this.repository.page(include_released, after, limit);
    return toPage(rows, limit, present, (row) => [row.created_at.getTime(), row.id]);
  }

  /**
   * Places a hold; of a target that is held already, returns that hold. When it returns, the deletions in what it covers
   * that had begun have ended. @throws PermissionDenied, ConversationNotFound, UserNotFound
   */
  async create(actor: Actor, { target_type, target_id, reason }: CreateLegalHoldDto): Promise<LegalHoldDto> {
    const row = await this.withLock(actor, async (tx) => {
      if (!(await this.repository.targetExists(tx, target_type, target_id))) {
        throw target_type === 'user' ? new UserNotFound() : new ConversationNotFound();
      }
      const hold = { id: newId(), target_type, target_id, reason, created_by: actor.userId };
      const created = await this.repository.insert(tx, hold);
      if (!created) return this.repository.current(tx, target_type, target_id);
      audit(tx, actor, 'legal_hold.create', created);
      return created;
    });
    // The transactions that have locks now may not have seen the hold.
    await this.log.write(target_id, () => Promise.resolve());
    if (target_type === 'user') await this.waitForConversationsOf(target_id);
    return present(row!);
  }

  /** A repeated release has no effect. @throws PermissionDenied, LegalHoldNotFound */
  async release(actor: Actor, id: string): Promise<LegalHoldDto> {
    const row = await this.withLock(actor, async (tx) => {
      const released = await this.repository.release(tx, id, actor.userId);
      if (released) audit(tx, actor, 'legal_hold.release', released);
      return released ?? (await this.repository.find(tx, id));
    });
    if (!row) throw new LegalHoldNotFound();
    return present(row);
  }

  /** For the deletion of an account, under the lock of its stream. @throws LegalHold */
  async requireUserNotHeld(tx: StreamTransaction, userId: string): Promise<void> {
    if (await this.repository.current(tx, 'user', userId)) throw new LegalHold();
  }

  private async waitForConversationsOf(userId: string): Promise<void> {
    let after: string | null = null;
    for (;;) {
      const ids: string[] = await this.repository.conversationsOf(userId, after, LOCKED_AT_ONCE);
      if (ids.length === 0) return;
      await this.log.writeMany({ existing: ids, created: [] }, () => Promise.resolve());
      after = ids.at(-1)!;
    }
  }

  private async withLock<T>(actor: Actor, work: (tx: StreamTransaction) => Promise<T>): Promise<T> {
    const done = await this.log.write(actor.userId, async (tx) => {
      await this.users.requireRank(actor, 'admin', tx);
      return { result: await work(tx) };
    });
    if (!done) throw new AuthenticationRequired();
    return done.result;
  }
}

function audit(tx: StreamTransaction, actor: Actor, action: string, { id, ...hold }: LegalHoldRow): void {
  const { target_type, target_id, reason } = hold;
  tx.audit({ actor, action, target: { type: 'legal_hold', id }, reason, after: { target_type, target_id } });
}

function present({ created_at, released_at, ...row }: LegalHoldRow): LegalHoldDto {
  return { ...row, created_at: created_at.toISOString(), released_at: released_at?.toISOString() ?? null };
}
