import { Injectable } from '@nestjs/common';
import { PresenceService } from '../../modules/presence/presence.service.js';
import { TypingService } from '../../modules/presence/typing.service.js';
import type { Actor } from '../../platform/identity/actor.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import type { ClassroomSetStatusDto, ClassroomStatusDto, ClassroomStatusQuery } from './classroom.dto.js';
import { CLASSROOM_LIMITS } from './classroom.limits.js';
import { presentStatus } from './classroom.presenter.js';
import { TYPING_LIMIT } from '../../modules/presence/presence.limits.js';

/** Status and typing, which this dialect combines. */
@Injectable()
export class ClassroomStatus {
  constructor(
    private readonly presence: PresenceService,
    private readonly typing: TypingService,
    private readonly limits: Limits,
  ) {}

  async get(actor: Actor, query: ClassroomStatusQuery): Promise<ClassroomStatusDto[]> {
    const { data } = await this.presence.get(actor, query);
    const typing = await this.typing.findTyping(actor, query.user_ids);
    return data.map((presence) => presentStatus(presence, typing.get(presence.user_id)));
  }

  /**
   * `is_typing: false` without a conversation ends typing everywhere. An omitted status is unchanged.
   * @throws ConversationNotFound, PermissionDenied, RateLimitExceeded
   */
  async set(actor: Actor, dto: ClassroomSetStatusDto): Promise<ClassroomStatusDto> {
    const { status, is_typing: isTyping, typing_in_conversation: typingIn } = dto;
    if (typingIn) {
      await this.limits.check(TYPING_LIMIT, actor, CLASSROOM_LIMITS);
      await (isTyping ? this.typing.start(actor, typingIn) : this.typing.stop(actor, typingIn));
    } else if (isTyping === false) this.typing.stopEverywhere(actor);
    if (status) await this.presence.set(actor, { status });
    return (await this.get(actor, { user_ids: [actor.userId] }))[0]!;
  }
}
