import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { RoomNameCache } from '../../modules/conversations/room-name-cache.js';
import { DeliveryReceipts } from '../../modules/participants/delivery-receipts.js';
import { ReadState } from '../../modules/participants/read-state.js';
import { AuthenticationRequired, PermissionDenied } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CodecSockets } from '../../platform/realtime/transport/codec-sockets.js';
import { credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { ChatConversations } from './chat-conversations.js';
import { ChatCodec, translator } from './chat.codec.js';
import { presentError } from './chat.errors.js';
import { CHAT_LIMITS } from './chat.limits.js';

/** `/ws/chat/` belongs to another dialect. */
const PATH = /^\/ws\/(?!chat\/?$)([^/]+)\/?$/;

/** Opens `/ws/{user_id}` for that user; `?chat_id=` or `?recipient_id=` set the default target of messages. */
@Injectable()
export class ChatSockets implements OnModuleInit {
  constructor(
    private readonly sockets: CodecSockets,
    private readonly handshake: Handshake,
    private readonly conversations: ChatConversations,
    private readonly readState: ReadState,
    private readonly names: RoomNameCache,
  ) {}

  onModuleInit(): void {
    const translate = translator(this.names);
    this.sockets.register({
      takes: (path) => PATH.test(path),
      codec: ({ request, url: { searchParams: query } }) =>
        new ChatCodec(translate, {
          target: {
            chat_id: query.get('chat_id') || undefined,
            recipient_id: query.get('recipient_id') || undefined,
          },
          base: this.handshake.publicUrlOf(request),
          isExtended: query.get('ext') === '1',
        }),
      identify: (upgrade, codec) => this.identify(upgrade, codec),
      present: (error) => presentError(error, { requestId: randomUUID() }),
    });
  }

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded, PermissionDenied, ConversationNotFound */
  private async identify({ request, url }: Upgrade, codec: ChatCodec): Promise<Actor> {
    const actor = await this.handshake.identify(credentialOf(request, url.searchParams), CHAT_LIMITS);
    if (!actor) throw new AuthenticationRequired();
    if (PATH.exec(url.pathname)![1]!.toLowerCase() !== actor.userId) {
      throw new PermissionDenied('This is the URL of another user.');
    }
    await this.names.refresh();
    const chatId = url.searchParams.get('chat_id');
    // A user who opens a room subscribes to it before their first message.
    if (chatId) await this.conversations.enter(actor, chatId);
    codec.userId = actor.userId;
    codec.marks = new DeliveryReceipts((id, number) => this.readState.deliver(actor, id, { sequence_number: number }));
    return actor;
  }
}
