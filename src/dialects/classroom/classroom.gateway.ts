import { Injectable } from '@nestjs/common';
import { Subscriptions } from '../../modules/messages/subscriptions.js';
import { ParticipantsPolicy } from '../../modules/participants/participants.policy.js';
import { ReadState } from '../../modules/participants/read-state.js';
import { TypingService } from '../../modules/presence/typing.service.js';
import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { CLASSROOM_PROTOCOL, ClassroomCodec } from './classroom.codec.js';
import { ClassroomConversationFrameDto, ClassroomReadFrameDto } from './classroom.dto.js';
import { TYPING_LIMIT } from '../../modules/presence/presence.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { SocketUpgradeHandler, IdentifiedClient } from '../../platform/realtime/transport/codec-sockets.js';
import { type Credential, credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { CLASSROOM_LIMITS } from './classroom.limits.js';

export const CLASSROOM_SOCKET_PATH = /^\/api\/ws(?:\/([^/]*))?\/?$/;

/** Opens `/api/ws` with the token in a header or the query, or `/api/ws/{token}`. */
@Injectable()
export class ClassroomUpgradeHandler implements SocketUpgradeHandler<undefined> {
  constructor(private readonly handshake: Handshake) {}

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded */
  async identify({ request, url }: Upgrade): Promise<IdentifiedClient<undefined>> {
    const credential = credentialOf(request, url.searchParams) ?? credentialInPath(url.pathname);
    const actor = await this.handshake.identify(credential, CLASSROOM_LIMITS);
    if (!actor) throw new AuthenticationRequired();
    return { actor, context: undefined };
  }

  codec({ url }: Upgrade): ClassroomCodec {
    return new ClassroomCodec(url.searchParams.get('ext') === '1');
  }
}

/** A token contains no character that a URL would encode. */
function credentialInPath(path: string): Credential | undefined {
  const token = CLASSROOM_SOCKET_PATH.exec(path)?.[1];
  return token ? { token } : undefined;
}

/**
 * Commands of this dialect's sockets. A socket is subscribed to all conversations of its user from the start;
 * `join_conversation` only reverts an earlier `leave_conversation`.
 */
@Gateway(CLASSROOM_PROTOCOL)
export class ClassroomGateway {
  constructor(
    private readonly subscriptions: Subscriptions,
    private readonly typing: TypingService,
    private readonly readState: ReadState,
    private readonly participants: ParticipantsPolicy,
  ) {}

  @OnFrame('join_conversation', ClassroomConversationFrameDto, {
    limit: CALL_LIMIT,
    summary: 'Subscribes to a conversation',
  })
  async join(connection: LiveConnection, { conversation_id }: ClassroomConversationFrameDto): Promise<void> {
    await this.subscriptions.subscribe(connection, {
      conversation_id: await this.participants.resolve(connection.actor, conversation_id),
    });
  }

  @OnFrame('leave_conversation', ClassroomConversationFrameDto, {
    limit: CALL_LIMIT,
    summary: 'Unsubscribes from a conversation',
  })
  async leave(connection: LiveConnection, { conversation_id }: ClassroomConversationFrameDto): Promise<void> {
    this.subscriptions.unsubscribe(connection, {
      conversation_id: await this.participants.resolve(connection.actor, conversation_id),
    });
  }

  @OnFrame('typing_start', ClassroomConversationFrameDto, {
    limit: TYPING_LIMIT,
    summary: 'Starts the typing indicator',
  })
  async startTyping({ actor }: LiveConnection, { conversation_id }: ClassroomConversationFrameDto): Promise<void> {
    await this.typing.start(actor, await this.participants.resolve(actor, conversation_id));
  }

  @OnFrame('typing_stop', ClassroomConversationFrameDto, { limit: TYPING_LIMIT, summary: 'Stops the typing indicator' })
  async stopTyping({ actor }: LiveConnection, { conversation_id }: ClassroomConversationFrameDto): Promise<void> {
    await this.typing.stop(actor, await this.participants.resolve(actor, conversation_id));
  }

  @OnFrame('message_read', ClassroomReadFrameDto, {
    limit: CALL_LIMIT,
    summary: 'Marks everything up to a message as read',
  })
  async read({ actor }: LiveConnection, { conversation_id, message_id }: ClassroomReadFrameDto): Promise<void> {
    await this.readState.markRead(actor, await this.participants.resolve(actor, conversation_id), { message_id });
  }
}
