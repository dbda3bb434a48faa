import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, IdempotencyConflict, ValidationError } from '../../../platform/errors/app-error.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { Limits } from '../../../platform/throttling/limits.service.js';
import { FileCopiesService } from '../../files/file-copies.service.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { statedAudienceOf } from '../audience.js';
import { type MessageRow, presentMessage } from '../message-presenter.js';
import { HeldForReview, MessageNotFound } from '../messages.errors.js';
import type { MessageDto } from '../messages.dto.js';
import { MESSAGE_SEND_LIMIT } from '../messages.limits.js';
import { MessagesRepository } from '../messages.repository.js';
import { SendWithinLimits } from '../send-within-limits.js';
import { historyOf, VisibleMessages } from '../visible-messages.js';
import { toStoredForward } from './forwarded.js';
import type { ForwardMessageDto, ForwardResultDto } from './forwarding.dto.js';
import { MessageStreaming } from '../streaming/streaming-messages.errors.js';
import { MessageNotForwardable } from './forwarding.errors.js';
import { ForwardingRepository } from './forwarding.repository.js';

/** What is forwarded, and by which request. */
interface Forward {
  readonly message: MessageRow;
  readonly dto: ForwardMessageDto;
  readonly bodyHash: string | null;
}

/**
 * Forwards messages: a new message with a copy of the text and with files that share the stored bytes. Where the message
 * comes from is neither stored nor shown.
 */
@Injectable()
export class ForwardingService {
  constructor(
    private readonly sending: SendWithinLimits,
    private readonly repository: ForwardingRepository,
    private readonly messages: MessagesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly visible: VisibleMessages,
    private readonly files: FileCopiesService,
    private readonly limits: Limits,
  ) {}

  /**
   * Sends the message to each conversation, one after the other. A conversation that refuses it does not affect the
   * others; if all refuse it, the error of the first is thrown.
   * @throws MessageNotFound, MessageNotForwardable, MessageStreaming, FeatureDisabled, ValidationError; and as `SendMessage.send`
   */
  async forward(actor: Actor, id: string, dto: ForwardMessageDto): Promise<{ data: ForwardResultDto[] }> {
    const { conversation_ids: targets, client_message_id: key } = dto;
    if (targets.length === 0) throw ValidationError.of('conversation_ids', 'must name a conversation');
    const bodyHash = key === undefined ? null : hashOf(id, dto);
    const stored = key === undefined ? new Map() : await this.repository.findByKey(actor.userId, key, targets);
    // What a key has stored is the result, also after the original was deleted.
    const isRepeat = targets.every((target) => stored.has(target));
    const message = isRepeat ? undefined : await this.requireForwardable(actor, id);
    const errors: AppError[] = [];
    const data: ForwardResultDto[] = [];
    for (const [index, target] of targets.entries()) {
      try {
        if (index > 0 && !stored.has(target)) await this.limits.check(MESSAGE_SEND_LIMIT, actor);
        const known = stored.get(target) as { id: string; body_hash: string } | undefined;
        const sent = known
          ? await this.replay(actor, known, bodyHash)
          : await this.forwardTo(actor, target, { message: message!, dto, bodyHash });
        data.push({ conversation_id: target, message: sent, error: null });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        errors.push(error);
        data.push({ conversation_id: target, message: null, error: presentError(error) });
      }
    }
    if (errors.length === targets.length) throw errors[0]!;
    if (isRepeat) await this.limits.refund(MESSAGE_SEND_LIMIT, actor);
    return { data };
  }

  /** @throws MessageNotFound, PermissionDenied, MessageNotForwardable, MessageStreaming, FeatureDisabled */
  private async requireForwardable(actor: Actor, id: string): Promise<MessageRow> {
    const [message] = await this.messages.find([id]);
    if (!message) throw new MessageNotFound();
    const membership = await this.participants.requireMember(actor, message.conversation_id);
    await this.visible.require(historyOf(actor, membership), message);
    const isLimited = statedAudienceOf(message) !== null;
    if (isLimited || message.deleted_at !== null || message.message_type === 'system')
      throw new MessageNotForwardable();
    if (message.streaming === 'open') throw new MessageStreaming();
    this.participants.requireFeature(membership, 'forwarding');
    return message;
  }

  private async forwardTo(
    actor: Actor,
    conversationId: string,
    { message, dto, bodyHash }: Forward,
  ): Promise<MessageDto> {
    const { content, silent, skip_push, client_message_id } = dto;
    const fileIds = await this.copyFiles(actor, conversationId, message);
    const send = {
      ...{ message_type: message.message_type, attachment_ids: fileIds },
      ...{ content, silent, skip_push, client_message_id },
    };
    try {
      const forward = { dto: send, forwarded: toStoredForward(message), bodyHash };
      const sent = await this.sending.sendForward(actor, conversationId, forward);
      if (sent.isReplay) await this.files.deleteCopies(fileIds);
      return sent.message;
    } catch (error) {
      // A message that waits for a moderator needs its files.
      if (!(error instanceof HeldForReview)) await this.files.deleteCopies(fileIds);
      throw error;
    }
  }

  /** Files of the actor for the new message. Those who may not write there copy none. */
  private async copyFiles(actor: Actor, conversationId: string, { attachments }: MessageRow): Promise<string[]> {
    if (!attachments || attachments.length === 0) return [];
    const membership = await this.participants.requireMember(actor, conversationId);
    this.participants.requireMayWrite(membership);
    return this.files.copy(
      actor,
      attachments.map((file) => file.id),
    );
  }

  /** @throws IdempotencyConflict */
  private async replay(
    actor: Actor,
    known: { readonly id: string; readonly body_hash: string },
    bodyHash: string | null,
  ): Promise<MessageDto> {
    if (known.body_hash !== bodyHash) throw new IdempotencyConflict();
    const [row] = await this.messages.find([known.id]);
    return presentMessage(row!, actor.userId);
  }
}

/** Hashes what is forwarded, and how; each conversation has its own message, so they are not part of it. */
function hashOf(id: string, { content = '', silent, skip_push }: ForwardMessageDto): string {
  return createHash('sha256')
    .update(JSON.stringify(['forward', id, content, silent ?? false, skip_push ?? false]))
    .digest('hex');
}

function presentError({ code, message, details }: AppError): ForwardResultDto['error'] {
  const { retry_after: retryAfter } = details;
  return { code, message, ...(typeof retryAfter === 'number' && { retry_after: retryAfter }) };
}
