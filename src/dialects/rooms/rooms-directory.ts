import { Injectable } from '@nestjs/common';
import { RoomDirectoryService } from '../../modules/conversations/room-directory.service.js';
import { RoomSlugCache } from '../../modules/conversations/room-slug-cache.js';
import { ParticipantsPolicy } from '../../modules/participants/participants.policy.js';
import { ParticipantsService } from '../../modules/participants/participants.service.js';
import { AuthenticationRequired, PermissionDenied } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { Authenticator } from '../../platform/identity/authenticator.js';
import type { JoinedRoomDto, JoinRoomDto, ListRoomsQuery, RoomPageDto } from './rooms.dto.js';
import { presentRoom } from './rooms.presenter.js';

const PAGE = 50;

/** Rooms in the format of the dialect. */
@Injectable()
export class RoomsDirectory {
  constructor(
    private readonly directory: RoomDirectoryService,
    private readonly participants: ParticipantsService,
    private readonly policy: ParticipantsPolicy,
    private readonly authenticator: Authenticator,
    private readonly slugs: RoomSlugCache,
  ) {}

  /** @throws AuthenticationRequired where guests are not allowed */
  async list(actor: Actor | undefined, query: ListRoomsQuery): Promise<RoomPageDto> {
    const { limit = PAGE, offset = 0, category } = query;
    const { data, total } = await this.directory.list(actor, { limit, offset, category });
    return {
      rooms: data.map(presentRoom),
      pagination: { total, limit, offset, has_next: offset + data.length < total },
    };
  }

  /**
   * Joins as the user of the token or of the session; if both are given, they must be of the same user.
   * @throws AuthenticationRequired, ConversationNotFound, PermissionDenied for private rooms
   */
  async join(actor: Actor | undefined, room: string, { session_id: key }: JoinRoomDto): Promise<JoinedRoomDto> {
    const user = await this.requireUser(actor, key);
    const id = await this.policy.resolve(user, room);
    await this.participants.join(user, id);
    const joinedAt = new Date().toISOString();
    const [active] = await Promise.all([this.directory.countOnlineParticipants(id), this.slugs.refresh()]);
    return { room_id: this.slugs.slugOrIdOf(id), session_id: key ?? null, joined_at: joinedAt, active_users: active };
  }

  private async requireUser(actor: Actor | undefined, key: string | undefined): Promise<Actor> {
    const holder = key === undefined ? undefined : await this.authenticator.authenticateSessionKey(key);
    if (actor && holder && actor.userId !== holder.userId) throw new PermissionDenied('The session is not yours.');
    const user = actor ?? holder;
    if (!user) throw new AuthenticationRequired();
    return user;
  }
}
