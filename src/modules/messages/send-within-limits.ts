import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import type { ForwardedSend } from './forwarding/forwarded.js';
import { readMentions } from './mentions-field.js';
import type { SendMessageDto } from './messages.dto.js';
import { MENTION_ALL_LIMIT, MESSAGE_SEND_LIMIT, OPEN_STREAMING_MAX } from './messages.limits.js';
import { SendMessage, type SentMessage } from './send-message.js';
import { SendMetrics } from './send-metrics.js';
import { TooManyStreamingMessages } from './streaming/streaming-messages.errors.js';
import { StreamingMessagesRepository } from './streaming/streaming-messages.repository.js';

/** Sends of users: measured, and within their limits. A repeat with the same key costs no quota. */
@Injectable()
export class SendWithinLimits {
  constructor(
    private readonly sendMessage: SendMessage,
    private readonly limits: Limits,
    private readonly metrics: SendMetrics,
    private readonly streaming: StreamingMessagesRepository,
  ) {}

  /**
   * @throws RateLimitExceeded if it is one of too many messages that mention all, TooManyStreamingMessages; and as `SendMessage.send`
   */
  async send(actor: Actor, conversationId: string, dto: SendMessageDto): Promise<SentMessage> {
    if (dto.is_streaming) await this.requireFewOpen(actor, conversationId, dto);
    const mentionsAll = readMentions(dto.mentions).scope !== undefined;
    if (mentionsAll) await this.limits.check(MENTION_ALL_LIMIT, actor);
    const sent = await this.metrics.track(actor, conversationId, () =>
      this.sendMessage.send(actor, conversationId, dto),
    );
    if (sent.isReplay) {
      await this.limits.refund(MESSAGE_SEND_LIMIT, actor);
      if (mentionsAll) await this.limits.refund(MENTION_ALL_LIMIT, actor);
    }
    return sent;
  }

  /** The same for a message that is forwarded. @throws as `SendMessage.sendForward` */
  async sendForward(actor: Actor, conversationId: string, send: ForwardedSend): Promise<SentMessage> {
    const sent = await this.metrics.track(actor, conversationId, () =>
      this.sendMessage.sendForward(actor, conversationId, send),
    );
    if (sent.isReplay) await this.limits.refund(MESSAGE_SEND_LIMIT, actor);
    return sent;
  }

  /** Those that are opened at the same moment may be more by a few. */
  private async requireFewOpen(actor: Actor, conversationId: string, dto: SendMessageDto): Promise<void> {
    const limit = actor.serverKey ? OPEN_STREAMING_MAX.withServerKey : OPEN_STREAMING_MAX.perUser;
    const sender = dto.sender_id ?? actor.userId;
    const open = await this.streaming.count(sender, conversationId, dto.client_message_id);
    if (open.count >= limit && !open.is_replay) throw new TooManyStreamingMessages(limit);
  }
}
