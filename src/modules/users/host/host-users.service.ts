import { Injectable } from '@nestjs/common';
import { DomainEvents } from '../../../platform/event-log/domain-events.js';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import type { UserDto } from '../users.dto.js';
import { UserNotFound } from '../users.errors.js';
import { USER_UPDATED, UserRoleChanged, UserUpdated } from '../users.events.js';
import { requireMayManage, UsersPolicy } from '../users.policy.js';
import { UsersRepository } from '../users.repository.js';
import { UsersService } from '../users.service.js';
import type { UpdateHostUserDto, UsersByExternalIdDto } from './host-users.dto.js';
import { HostUsersRepository } from './host-users.repository.js';
import { changedFieldsOf, stateAfter, type UserState } from './user-state.js';

/** Users as the host product, or an admin, reads and changes them. */
@Injectable()
export class HostUsersService {
  constructor(
    private readonly users: UsersService,
    private readonly rows: UsersRepository,
    private readonly repository: HostUsersRepository,
    private readonly policy: UsersPolicy,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /** @throws PermissionDenied */
  async getMany(actor: Actor, externalIds: readonly string[]): Promise<UsersByExternalIdDto> {
    await this.policy.requireRank(actor, 'admin');
    const rows = await this.rows.findByExternalIds([...externalIds]);
    const byExternalId = new Map(rows.filter((row) => !row.is_deleted).map((row) => [row.external_id, row]));
    const asked = [...new Set(externalIds)];
    const found = asked.flatMap((externalId) => byExternalId.get(externalId) ?? []);
    const missing = asked.filter((externalId) => !byExternalId.has(externalId));
    return { data: await this.users.present(found, actor), missing };
  }

  /** @throws PermissionDenied, UserNotFound, ValidationError, UsernameOrEmailTaken, ExternalIdTaken */
  async update(actor: Actor, userId: string, input: UpdateHostUserDto): Promise<UserDto> {
    const changed = await this.log.write(userId, async (tx) => {
      const current = await this.policy.requireRank(actor, 'admin', tx);
      const [before] = await this.rows.find([userId], tx);
      if (!before) throw new UserNotFound();
      const after = stateAfter(before, input);
      requireMayManage(actor, before, after.role);
      const fields = changedFieldsOf(before, after);
      if (fields.length > 0) await this.store(tx, current, { before, after, fields });
      return { before, after, isChanged: fields.length > 0 };
    });
    if (!changed) throw new UserNotFound();
    const { before, after, isChanged } = changed;
    if (before.role !== after.role) this.events.publish(new UserRoleChanged(userId, after.role));
    if (isChanged) this.events.publish(new UserUpdated(userId));
    return this.users.get(actor, userId);
  }

  private async store(
    tx: StreamTransaction,
    actor: Actor,
    { before, after, fields }: { before: UserState; after: UserState; fields: (keyof UserState)[] },
  ): Promise<void> {
    await this.repository.update(tx, [after]);
    tx.append({ type: USER_UPDATED, actorId: actor.userId, subjectId: after.id });
    const target = { type: 'user', id: after.id };
    const pick = (user: UserState): Record<string, unknown> =>
      Object.fromEntries(fields.map((field) => [field, isMetadata(field) ? 'changed' : user[field]]));
    tx.audit({ actor, action: 'user.update', target, before: pick(before), after: pick(after) });
  }
}

/** Metadata may contain anything, so the audit log only has that it changed. */
function isMetadata(field: keyof UserState): boolean {
  return field === 'public_metadata' || field === 'private_metadata';
}
