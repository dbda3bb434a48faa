import { Injectable } from '@nestjs/common';
import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { ChatMessages } from './chat-messages.js';
import { CHAT_PROTOCOL, ChatCodec, type ChatClient, createTranslator, type Translate } from './chat.codec.js';
import { ChatMessageFrameDto } from './chat.dto.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { RoomSlugCache } from '../../modules/conversations/room-slug-cache.js';
import { DeliveryReceipts } from '../../modules/participants/implicit-receipts.js';
import { ReadState } from '../../modules/participants/read-state.js';
import { AuthenticationRequired, PermissionDenied } from '../../platform/errors/app-error.js';
import type { SocketUpgradeHandler, IdentifiedClient } from '../../platform/realtime/transport/codec-sockets.js';
import { credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { ChatConversations } from './chat-conversations.js';
import { CHAT_LIMITS } from './chat.limits.js';

/** `/ws/chat/` belongs to another dialect. */
export const CHAT_SOCKET_PATH = /^\/ws\/(?!chat\/?$)([^/]+)\/?$/;

/** Opens `/ws/{user_id}` for that user; `?chat_id=` or `?recipient_id=` set the default target of messages. */
@Injectable()
export class ChatUpgradeHandler implements SocketUpgradeHandler<ChatClient> {
  private readonly translate: Translate;

  constructor(
    private readonly handshake: Handshake,
    private readonly conversations: ChatConversations,
    private readonly readState: ReadState,
    private readonly slugs: RoomSlugCache,
  ) {
    this.translate = createTranslator(slugs);
  }

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded, PermissionDenied, ConversationNotFound */
  async identify({ request, url }: Upgrade): Promise<IdentifiedClient<ChatClient>> {
    const actor = await this.handshake.identify(credentialOf(request, url.searchParams), CHAT_LIMITS);
    if (!actor) throw new AuthenticationRequired();
    if (CHAT_SOCKET_PATH.exec(url.pathname)![1]!.toLowerCase() !== actor.userId) {
      throw new PermissionDenied('This is the URL of another user.');
    }
    await this.slugs.refresh();
    const chatId = url.searchParams.get('chat_id');
    // A user who opens a room subscribes to it before their first message.
    if (chatId) await this.conversations.resolveAndJoin(actor, chatId);
    return { actor, context: { userId: actor.userId, receipts: DeliveryReceipts.forActor(actor, this.readState) } };
  }

  codec({ request, url: { searchParams: query } }: Upgrade, client: ChatClient | undefined): ChatCodec {
    const target = {
      chat_id: query.get('chat_id') || undefined,
      recipient_id: query.get('recipient_id') || undefined,
    };
    const publicUrl = this.handshake.publicUrlOf(request);
    return new ChatCodec(this.translate, { target, publicUrl, isExtended: query.get('ext') === '1' }, client);
  }
}

/** Commands of this dialect's sockets. */
@Gateway(CHAT_PROTOCOL)
export class ChatGateway {
  constructor(private readonly messages: ChatMessages) {}

  @OnFrame('message', ChatMessageFrameDto, {
    limit: MESSAGE_SEND_LIMIT,
    isSend: true,
    summary: 'Sends a message',
  })
  send({ actor, codec }: LiveConnection, dto: ChatMessageFrameDto): Promise<void> {
    return this.messages.sendFrame(actor, dto, (codec as ChatCodec).conversations);
  }
}
