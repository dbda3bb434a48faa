import { Injectable } from '@nestjs/common';
import { MessagesService } from '../../modules/messages/messages.service.js';
import { ParticipantsPolicy } from '../../modules/participants/participants.policy.js';
import { ParticipantsService } from '../../modules/participants/participants.service.js';
import { PermissionDenied } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { isGuest } from '../../modules/users/guest.constants.js';
import type { RoomsCodec } from './rooms.codec.js';
import type { RoomsTextFrameDto } from './rooms.dto.js';

const DEFAULT_ROOM = 'general';

/** Sends messages to rooms. In this dialect sending to a public room joins it. */
@Injectable()
export class RoomsMessages {
  constructor(
    private readonly messages: MessagesService,
    private readonly participants: ParticipantsService,
    private readonly policy: ParticipantsPolicy,
  ) {}

  /** @throws PermissionDenied when `user_id` is another user; ConversationNotFound, and as `MessagesService.send` */
  async send(actor: Actor, codec: RoomsCodec, dto: RoomsTextFrameDto): Promise<void> {
    requireOwnName(actor, dto.user_id);
    const roomId = await this.policy.resolve(actor, dto.room_id ?? DEFAULT_ROOM);
    const { content } = dto;
    try {
      await this.messages.send(actor, roomId, { content });
    } catch (error) {
      if (!(error instanceof PermissionDenied) || isGuest(actor)) throw error;
      await this.participants.join(actor, roomId);
      await this.messages.send(actor, roomId, { content });
    }
    codec.sent++;
  }
}

/** Requires a named user, by id or username, to be the actor. @throws PermissionDenied */
export function requireOwnName({ userId, username }: Actor, named: string | undefined): void {
  const name = named?.toLowerCase();
  if (name !== undefined && name !== userId && name !== username) {
    throw new PermissionDenied('user_id must be your own.');
  }
}
