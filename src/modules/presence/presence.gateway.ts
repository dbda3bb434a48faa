import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { Broadcaster } from '../../platform/realtime/fan-out/broadcaster.js';
import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import { SendsSignal } from '../../platform/realtime/protocol/declared-signals.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { PresenceDto, SetPresenceDto, TYPING_TTL_MS, TypingFrameDto } from './presence.dto.js';
import { PresenceChanged, PROFILE_CHANGED, ProfileData, TypingChanged, TypingData } from './presence.events.js';
import { PresenceService } from './presence.service.js';
import { TypingService } from './typing.service.js';
import { TYPING_LIMIT } from './presence.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

/** Socket edge of presence: handles and sends statuses and typing. */
@Gateway()
@SendsSignal(PresenceChanged.type, PresenceDto, 'A user’s presence has changed.')
@SendsSignal(PROFILE_CHANGED, ProfileData, 'A user’s name or avatar has changed.')
@SendsSignal(TypingChanged.type, TypingData, 'A user started or stopped typing.')
export class PresenceGateway {
  constructor(
    private readonly presence: PresenceService,
    private readonly typing: TypingService,
    private readonly broadcaster: Broadcaster,
  ) {}

  @OnFrame('presence.set', SetPresenceDto, {
    limit: CALL_LIMIT,
    priority: 'signals',
    summary: 'Sets the caller’s own presence.',
    reply: PresenceDto,
  })
  set({ actor, id }: LiveConnection, dto: SetPresenceDto): Promise<PresenceDto> {
    return this.presence.set(actor, dto, id);
  }

  @OnFrame('typing.start', TypingFrameDto, {
    limit: TYPING_LIMIT,
    summary: 'Starts the caller’s typing indicator for six seconds.',
  })
  startTyping({ actor }: LiveConnection, dto: TypingFrameDto): Promise<void> {
    return this.typing.start(actor, dto.conversation_id);
  }

  @OnFrame('typing.stop', TypingFrameDto, { limit: TYPING_LIMIT, summary: 'Stops the caller’s typing indicator.' })
  stopTyping({ actor }: LiveConnection, dto: TypingFrameDto): Promise<void> {
    return this.typing.stop(actor, dto.conversation_id);
  }

  @OnDomainEvent(PresenceChanged)
  announce({ presence, recipientIds }: PresenceChanged): void {
    const key = `presence:${presence.user_id}`;
    this.broadcaster.toUsers(recipientIds, { type: PresenceChanged.type, class: 'state', key, data: presence });
  }

  @OnDomainEvent(TypingChanged)
  announceTyping({ conversationId, userId, userName, isTyping }: TypingChanged): void {
    this.broadcaster.toStream(conversationId, {
      type: TypingChanged.type,
      class: 'ephemeral',
      exceptUserId: userId,
      data: {
        user_id: userId,
        user_name: userName,
        conversation_id: conversationId,
        is_typing: isTyping,
        ttl_ms: TYPING_TTL_MS,
      },
    });
  }
}
