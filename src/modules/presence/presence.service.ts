import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../../platform/http/actor.js';
import { cleanName } from '../../platform/validation/text.js';
import { type KnownPresence, PresenceLookup, type PresenceSource } from '../users/presence-lookup.service.js';
import { UsersPolicy } from '../users/users.policy.js';
import { PresenceLeases } from './presence-leases.js';
import { presentPresence } from './presence-presenter.js';
import type { GetPresenceQuery, PresenceDto, SetPresenceDto } from './presence.dto.js';
import { PresenceRepository, type PresenceRow } from './presence.repository.js';

/**
 * How people appear: online while any of their devices is active, away when all are, busy and offline (invisible) as
 * they say. It is seen only by those who share a conversation with them and are not blocked.
 */
@Injectable()
export class PresenceService implements PresenceSource, OnModuleInit {
  constructor(
    private readonly repository: PresenceRepository,
    private readonly leases: PresenceLeases,
    private readonly users: UsersPolicy,
    private readonly lookup: PresenceLookup,
  ) {}

  onModuleInit(): void {
    this.lookup.use(this);
  }

  /** In the order asked for, without those the actor shares no conversation with. */
  async get(actor: Actor, { user_ids: userIds }: GetPresenceQuery): Promise<{ data: PresenceDto[] }> {
    const rows = new Map((await this.repository.visible(actor.userId, userIds)).map((row) => [row.user_id, row]));
    return { data: userIds.flatMap((id) => rows.get(id) ?? []).map(presentPresence) };
  }

  async find(viewerId: string, userIds: string[]): Promise<ReadonlyMap<string, KnownPresence>> {
    return toKnown(await this.repository.visible(viewerId, userIds));
  }

  async findOwn(userIds: string[]): Promise<ReadonlyMap<string, KnownPresence>> {
    return toKnown(await this.repository.own(userIds));
  }

  /**
   * Says how the actor wants to appear. Over a socket `away` is said of that connection alone, and anything else makes
   * it an active one. Without a socket it counts for as long as the session keeps calling, see `CallerLeases`. @throws AuthenticationRequired, AccountBanned
   */
  async set(actor: Actor, dto: SetPresenceDto, connectionId?: string): Promise<PresenceDto> {
    const turned = connectionId === undefined ? undefined : this.leases.turn(connectionId, dto.status === 'away');
    const status = turned && dto.status === 'away' ? undefined : dto.status;
    const custom = typeof dto.custom === 'string' ? cleanName(dto.custom) || null : dto.custom;
    const changed = await this.repository.change(async (tx) => {
      await this.users.requireActive(tx, actor);
      if (turned) await this.repository.open(turned.nodeId, [turned.lease], tx);
      else if (dto.status !== 'offline') await this.repository.holdByCalls(tx, actor);
      await this.repository.set(tx, actor.userId, { status, custom });
      return this.repository.settle([actor.userId], tx);
    });
    await this.leases.announce(changed);
    const { data } = await this.get(actor, { user_ids: [actor.userId] });
    return data[0]!;
  }
}

function toKnown(rows: PresenceRow[]): ReadonlyMap<string, KnownPresence> {
  return new Map(rows.map((row) => [row.user_id, { status: row.status, lastSeen: row.last_seen }]));
}
