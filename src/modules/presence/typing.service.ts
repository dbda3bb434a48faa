import { Injectable } from '@nestjs/common';
import { AppError } from '../../platform/errors/app-error.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import type { Actor } from '../../platform/http/actor.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { TYPING_TTL_MS } from './presence.dto.js';
import { TypingChanged } from './presence.events.js';

/** Who is typing: told, and forgotten within seconds. Only who may post may be seen typing. */
@Injectable()
export class TypingService {
  /** By user: where, and until when. */
  private readonly known = new Map<string, { conversationId: string; until: number }>();

  constructor(
    private readonly participants: ParticipantsPolicy,
    private readonly events: DomainEvents,
  ) {}

  /** @throws ConversationNotFound, PermissionDenied */
  start(actor: Actor, conversationId: string): Promise<void> {
    return this.tell(actor, conversationId, 'start');
  }

  /** @throws ConversationNotFound, PermissionDenied */
  stop(actor: Actor, conversationId: string): Promise<void> {
    return this.tell(actor, conversationId, 'stop');
  }

  /**
   * Where these users type, in conversations the actor takes part in: of the last six seconds, as far as this process was
   * told. Signals are told and not stored; whoever has to know all of them listens.
   */
  async where(actor: Actor, userIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const shown = new Map<string, string>();
    for (const userId of userIds) {
      const typing = this.known.get(userId);
      if (!typing || typing.until < Date.now()) continue;
      if (await this.isMember(actor, typing.conversationId)) shown.set(userId, typing.conversationId);
    }
    return shown;
  }

  private async isMember(actor: Actor, conversationId: string): Promise<boolean> {
    try {
      await this.participants.requireMember(actor, conversationId);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.status < 500) return false;
      throw error;
    }
  }

  /** The map is in the order of its ends: what is over goes from its front. */
  private remember(userId: string, conversationId: string, isTyping: boolean): void {
    const now = Date.now();
    if (isTyping) {
      this.known.delete(userId);
      this.known.set(userId, { conversationId, until: now + TYPING_TTL_MS });
    } else if (this.known.get(userId)?.conversationId === conversationId) this.known.delete(userId);
    for (const [id, { until }] of this.known) {
      if (until >= now) return;
      this.known.delete(id);
    }
  }

  private async tell(actor: Actor, conversationId: string, what: 'start' | 'stop'): Promise<void> {
    this.participants.requireMayPost(await this.participants.requireMember(actor, conversationId));
    this.remember(actor.userId, conversationId, what === 'start');
    this.events.publish(new TypingChanged(conversationId, actor.userId, actor.displayName, what === 'start'));
  }
}
