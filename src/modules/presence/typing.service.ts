import { Injectable } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import type { Actor } from '../../platform/http/actor.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { TypingChanged } from './presence.events.js';

/** Who is typing: told and forgotten. Only who may post may be seen typing. */
@Injectable()
export class TypingService {
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

  private async tell(actor: Actor, conversationId: string, what: 'start' | 'stop'): Promise<void> {
    this.participants.requireMayPost(await this.participants.requireMember(actor, conversationId));
    this.events.publish(new TypingChanged(conversationId, actor.userId, actor.displayName, what === 'start'));
  }
}
