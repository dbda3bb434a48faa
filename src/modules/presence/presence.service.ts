import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { cleanName } from '../../platform/validation/text.js';
import { type UserPresence, PresenceLookup, type PresenceSource } from '../users/presence-lookup.service.js';
import { UsersPolicy } from '../users/users.policy.js';
import { PresenceLeasesRepository } from './presence-leases.repository.js';
import { PresenceLeases } from './presence-leases.js';
import { presentPresence } from './presence-presenter.js';
import type { GetPresenceQuery, PresenceDto, SetPresenceDto } from './presence.dto.js';
import { PresenceRepository, type PresenceRow } from './presence.repository.js';

/**
 * The presence of users: online while any of their devices is active, away when all of them are; busy and offline
 * (invisible) are set by the user. It is visible only to users who share a conversation with them and whom they have
 * not blocked.
 */
@Injectable()
export class PresenceService implements PresenceSource, OnModuleInit {
  constructor(
    private readonly repository: PresenceRepository,
    private readonly leaseRepository: PresenceLeasesRepository,
    private readonly leases: PresenceLeases,
    private readonly users: UsersPolicy,
    private readonly lookup: PresenceLookup,
  ) {}

  onModuleInit(): void {
    this.lookup.setSource(this);
  }

  /** In the order of the ids; omits users who share no conversation with the actor. */
  async get(actor: Actor, { user_ids: userIds }: GetPresenceQuery): Promise<{ data: PresenceDto[] }> {
    const rows = new Map((await this.repository.findVisible(actor.userId, userIds)).map((row) => [row.user_id, row]));
    return { data: userIds.flatMap((id) => rows.get(id) ?? []).map(presentPresence) };
  }

  async find(viewerId: string, userIds: string[]): Promise<ReadonlyMap<string, UserPresence>> {
    return toUserPresences(await this.repository.findVisible(viewerId, userIds));
  }

  async findAsSeenBySelf(userIds: string[]): Promise<ReadonlyMap<string, UserPresence>> {
    return toUserPresences(await this.repository.findAsSeenBySelf(userIds));
  }

  /**
   * Sets the actor's presence. Over a socket `away` applies to that connection only, and any other status makes the
   * connection active. Without a socket the status lasts as long as the session continues to send requests, see
   * `RequestLeaseInterceptor`. @throws AuthenticationRequired, AccountBanned
   */
  async set(actor: Actor, dto: SetPresenceDto, connectionId?: string): Promise<PresenceDto> {
    const updated = connectionId === undefined ? undefined : this.leases.setAway(connectionId, dto.status === 'away');
    const status = updated && dto.status === 'away' ? undefined : dto.status;
    const custom = typeof dto.custom === 'string' ? cleanName(dto.custom) || null : dto.custom;
    const changed = await this.repository.transaction(async (tx) => {
      await this.users.requireActive(tx, actor);
      if (updated) await this.leaseRepository.save(updated.nodeId, [updated.lease], tx);
      else if (dto.status !== 'offline' && !actor.serverKey) await this.leaseRepository.openRequestLease(tx, actor);
      await this.repository.set(tx, actor.userId, { status, custom });
      return this.leaseRepository.recompute([actor.userId], tx);
    });
    await this.leases.announce(changed);
    const { data } = await this.get(actor, { user_ids: [actor.userId] });
    return data[0]!;
  }
}

function toUserPresences(rows: PresenceRow[]): ReadonlyMap<string, UserPresence> {
  return new Map(rows.map((row) => [row.user_id, { status: row.status, lastSeen: row.last_seen }]));
}
