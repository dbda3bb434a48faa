import { Injectable } from '@nestjs/common';
import { MessagesService } from '../../modules/messages/messages.service.js';
import { TypingService } from '../../modules/presence/typing.service.js';
import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { MESSAGING_PROTOCOL, MessagingCodec, type MessagingClient } from './messaging.codec.js';
import { MessagingMessageFrameDto, MessagingTypingFrameDto } from './messaging.dto.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { TYPING_LIMIT } from '../../modules/presence/presence.limits.js';
import { toSendMessage } from './messaging.presenter.js';
import { ConversationNotFound } from '../../modules/participants/participants.errors.js';
import { ParticipantsPolicy } from '../../modules/participants/participants.policy.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { SocketUpgradeHandler, IdentifiedClient } from '../../platform/realtime/transport/codec-sockets.js';
import { credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { MessagingFiles } from './messaging-files.js';
import { MESSAGING_LIMITS } from './messaging.limits.js';

export const MESSAGING_SOCKET_PATH = /^\/ws\/chat\/([^/]+)\/?$/;

/** Opens `/ws/chat/{conversation_id}/` for participants: by token or, from our own pages, by the session cookie. */
@Injectable()
export class MessagingUpgradeHandler implements SocketUpgradeHandler<MessagingClient> {
  constructor(
    private readonly handshake: Handshake,
    private readonly participants: ParticipantsPolicy,
    private readonly files: MessagingFiles,
  ) {}

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded, ConversationNotFound, PermissionDenied */
  async identify({ request, url }: Upgrade): Promise<IdentifiedClient<MessagingClient>> {
    const credential = credentialOf(request, url.searchParams) ?? this.handshake.cookieCredentialOf(request);
    const actor = await this.handshake.identify(credential, MESSAGING_LIMITS);
    if (!actor) throw new AuthenticationRequired();
    const conversationId = await this.participants.resolve(actor, conversationIdIn(url.pathname));
    await this.participants.requireMember(actor, conversationId);
    const urlOf = this.files.urlSignerFor(actor, this.handshake.publicUrlOf(request));
    return { actor, context: { conversationId, urlOf } };
  }

  codec({ url }: Upgrade, client: MessagingClient | undefined): MessagingCodec {
    return new MessagingCodec(url.searchParams.get('ext') === '1', client);
  }
}

function conversationIdIn(path: string): string {
  try {
    return decodeURIComponent(MESSAGING_SOCKET_PATH.exec(path)![1]!);
  } catch {
    throw new ConversationNotFound();
  }
}

/** Commands of the socket of a conversation. */
@Gateway(MESSAGING_PROTOCOL)
export class MessagingGateway {
  constructor(
    private readonly messages: MessagesService,
    private readonly typing: TypingService,
  ) {}

  @OnFrame('message', MessagingMessageFrameDto, {
    limit: MESSAGE_SEND_LIMIT,
    isSend: true,
    summary: 'Sends a message',
  })
  async send({ actor, codec }: LiveConnection, dto: MessagingMessageFrameDto): Promise<void> {
    await this.messages.send(actor, (codec as MessagingCodec).conversationId, toSendMessage(dto.message, dto));
  }

  @OnFrame('typing', MessagingTypingFrameDto, { limit: TYPING_LIMIT, summary: 'Starts or stops the typing indicator' })
  setTyping({ actor, codec }: LiveConnection, { is_typing: isTyping }: MessagingTypingFrameDto): Promise<void> {
    const { conversationId } = codec as MessagingCodec;
    return isTyping ? this.typing.start(actor, conversationId) : this.typing.stop(actor, conversationId);
  }
}
