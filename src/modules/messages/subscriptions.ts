import { Injectable } from '@nestjs/common';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { Resume } from '../../platform/realtime/resume/resume.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import type { SubscribeFrameDto, UnsubscribeFrameDto } from './sync.dto.js';

/**
 * Which of its conversations a connection is subscribed to. A connection is subscribed to all of them by default. The
 * frames are for clients with very many, and for a client that has just loaded a page and wants the log from there.
 */
@Injectable()
export class Subscriptions {
  constructor(
    private readonly participants: ParticipantsPolicy,
    private readonly resume: Resume,
  ) {}

  /**
   * With `from_seq`, the events after that position (or a `resync`) are sent first, then live events.
   * @throws ConversationNotFound, PermissionDenied, ServiceUnavailable
   */
  async subscribe(connection: LiveConnection, { conversation_id, from_seq }: SubscribeFrameDto): Promise<object> {
    await this.participants.requireMember(connection.actor, conversation_id);
    connection.subscribe(conversation_id);
    if (from_seq !== undefined) await this.catchUp(connection, conversation_id, from_seq);
    return {};
  }

  unsubscribe(connection: LiveConnection, { conversation_id }: UnsubscribeFrameDto): object {
    connection.unsubscribe(conversation_id);
    return {};
  }

  private async catchUp(connection: LiveConnection, conversationId: string, fromSeq: number): Promise<void> {
    connection.deferLive();
    try {
      await this.resume.catchUp(connection, new Map([[conversationId, fromSeq]]));
    } finally {
      // Sends all deferred live events. One that was replayed too is sent twice; the client recognizes it by its seq.
      connection.release(() => false);
    }
  }
}
