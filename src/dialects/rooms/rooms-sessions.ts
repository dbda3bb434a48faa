import { Injectable } from '@nestjs/common';
import { SessionKeysService } from '../../modules/auth/session-keys.service.js';
import { AuthenticationRequired, PermissionDenied } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { SessionKeyStats } from './session-key-stats.js';
import { requireOwnName } from './rooms-messages.js';
import type { CreateRoomsSessionDto, RoomsSessionDto, RoomsSessionStateDto } from './rooms.dto.js';
import { SessionNotFound } from './rooms.errors.js';
import { presentSession, socketUrl } from './rooms.presenter.js';

const TTL_SECONDS = 86_400;

/** Sessions in the format of the dialect: session keys, which open its socket without a token. */
@Injectable()
export class RoomsSessions {
  constructor(
    private readonly keys: SessionKeysService,
    private readonly stats: SessionKeyStats,
  ) {}

  /** @throws PermissionDenied when `user_id` is another user */
  async create(actor: Actor, dto: CreateRoomsSessionDto, publicUrl: string): Promise<RoomsSessionDto> {
    requireOwnName(actor, dto.user_id);
    const { preferences = {} } = dto;
    const { key, createdAt, expiresAt } = await this.keys.issue(actor, { ttlSeconds: TTL_SECONDS, preferences });
    return {
      session_id: key,
      user_id: actor.userId,
      created_at: createdAt.toISOString(),
      expires_at: expiresAt.toISOString(),
      websocket_url: socketUrl(publicUrl, key),
    };
  }

  /**
   * The key alone authorizes the request; if there is also a token, it must be of the same user.
   * @throws SessionNotFound, PermissionDenied
   */
  async get(actor: Actor | undefined, key: string): Promise<RoomsSessionStateDto> {
    await this.stats.flush(key);
    try {
      const row = await this.keys.requireKey(key);
      if (actor && actor.userId !== row.user_id) throw new PermissionDenied();
      return presentSession(key, row);
    } catch (error) {
      throw error instanceof AuthenticationRequired ? new SessionNotFound() : error;
    }
  }
}
