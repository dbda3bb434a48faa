import { Injectable } from '@nestjs/common';
import { Sql } from '../../platform/database/sql.js';
import { FanOut } from '../../platform/realtime/fan-out/fan-out.js';
import { StreamAccessReader } from '../../platform/realtime/fan-out/stream-access.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { TooManySubscriptions } from '../../platform/realtime/realtime.errors.js';
import { Semaphore } from '../../platform/concurrency/semaphore.js';
import { Resume } from '../../platform/realtime/resume/resume.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';
import type { SubscribeFrameDto, UnsubscribeFrameDto } from './sync.dto.js';

/** Conversations that one connection of the host's backend may name. */
const MAX_SUBSCRIBED_STREAMS = 1000;

/**
 * Which of its conversations a connection is subscribed to. A connection is subscribed to all of them by default. The
 * frames are for clients with very many, and for a client that has just loaded a page and wants the log from there.
 *
 * The backend of the host belongs to no conversation: each of its connections receives those that it has named.
 */
@Injectable()
export class Subscriptions {
  private readonly turns = new Semaphore({ running: 1, waiting: 1000, waitMs: 10_000, retrySeconds: 1 });

  constructor(
    private readonly participants: ParticipantsPolicy,
    private readonly resume: Resume,
    private readonly fanOut: FanOut,
    private readonly streamAccess: StreamAccessReader,
    private readonly sql: Sql,
  ) {}

  /**
   * With `from_seq`, the events after that position (or a `resync`) are sent first, then live events.
   * @throws ConversationNotFound, PermissionDenied, ServiceUnavailable, TooManySubscriptions
   */
  async subscribe(connection: LiveConnection, { conversation_id, from_seq }: SubscribeFrameDto): Promise<object> {
    await this.participants.requireMember(connection.actor, conversation_id);
    if (isFull(connection)) throw new TooManySubscriptions(MAX_SUBSCRIBED_STREAMS);
    connection.subscribe(conversation_id);
    if (connection.subscribedStreams) await this.subscribeServer();
    if (from_seq !== undefined) await this.catchUp(connection, conversation_id, from_seq);
    return {};
  }

  unsubscribe(connection: LiveConnection, { conversation_id }: UnsubscribeFrameDto): object {
    connection.unsubscribe(conversation_id);
    return {};
  }

  /** Subscribes the system account to what its connections to this node have named. */
  private async subscribeServer(): Promise<void> {
    const named = (): string[] => {
      const connections = this.fanOut.subscribers.get(SYSTEM_USER_ID)?.connections ?? [];
      return connections.flatMap(({ subscribedStreams }) => [...(subscribedStreams ?? [])]);
    };
    // One at a time: an earlier reading that ends later would end the subscriptions of a later one.
    await this.turns.run(() =>
      this.fanOut.setSubscriptions(SYSTEM_USER_ID, () => this.streamAccess.ofStreams(this.sql, named())),
    );
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

function isFull({ subscribedStreams }: LiveConnection): boolean {
  return subscribedStreams !== undefined && subscribedStreams.size >= MAX_SUBSCRIBED_STREAMS;
}
