import type { MessageDto } from '../../modules/messages/messages.dto.js';
import type { RoomSlugCache } from '../../modules/conversations/room-slug-cache.js';
import type { DeliveryReceipts } from '../../modules/participants/implicit-receipts.js';
import { EncodedFrame, type FrameContent } from '../../platform/realtime/protocol/encoded-frame.js';
import { parseTypedFrame } from '../../platform/realtime/commands/parse-frame.js';
import {
  type FrameError,
  type Reply,
  TextPacket,
  type WebSocketPacket,
} from '../../platform/realtime/protocol/packet.js';
import type { CodecRequest, SocketCodec } from '../../platform/realtime/transport/socket-codec.js';
import type { ChatTarget } from './chat.dto.js';
import { bodyOf, CHAT_ERRORS } from './chat.errors.js';
import { CHAT_LIMITS } from './chat.limits.js';
import { presentMessage } from './chat.presenter.js';
import { type ReceiptPosition, SentMessageTracker, type StatusChange } from './sent-message-tracker.js';
import { ConversationCache } from './chat-conversations.js';

export const CHAT_PROTOCOL = 'chat';

/** Options from the URL of a socket. */
export interface ChatSocketOptions {
  /** The target of messages that name none. */
  readonly target: ChatTarget;
  /** The URL at which the client reaches this server: the beginning of file URLs. */
  readonly publicUrl: string;
  /** The client also supports our own frames, and receives those that the dialect does not define. */
  readonly isExtended: boolean;
}

/** The user of a connection, and their delivery receipts. */
export interface ChatClient {
  readonly userId: string;
  readonly receipts: DeliveryReceipts;
}

interface TranslatedMessage {
  readonly senderId: string;
  readonly conversationId: string;
  readonly id: string;
  readonly number: number;
  readonly forSender: (publicUrl: string) => TextPacket;
  readonly forOthers: (publicUrl: string) => TextPacket;
}

/** Translates the frame of a new message, once for all receivers. */
export type Translate = (frame: FrameContent) => TranslatedMessage;

/** Creates the function that translates messages for all connections. */
export function createTranslator(slugs: RoomSlugCache): Translate {
  return ({ data }) => {
    const message = data.message as MessageDto;
    const chatId = slugs.slugOrIdOf(message.conversation_id);
    return {
      senderId: message.sender_id,
      conversationId: message.conversation_id,
      id: message.id,
      number: message.sequence_number,
      forSender: perPublicUrl((publicUrl) => TextPacket.of(presentMessage(message, { chatId, publicUrl }))),
      forOthers: perPublicUrl((publicUrl) =>
        TextPacket.of({ ...presentMessage(message, { chatId, publicUrl }), status: 'delivered' }),
      ),
    };
  };
}

/** Calls `create` once for each public URL of clients; mostly there is one. */
function perPublicUrl(create: (publicUrl: string) => TextPacket): (publicUrl: string) => TextPacket {
  const packets = new Map<string, TextPacket>();
  return (publicUrl) => {
    const packet = packets.get(publicUrl) ?? create(publicUrl);
    packets.set(publicUrl, packet);
    return packet;
  };
}

/**
 * The socket protocol of this dialect. Frames from clients have no type: each is a message. The message itself is its
 * response.
 */
export class ChatCodec implements SocketCodec {
  readonly protocol = CHAT_PROTOCOL;
  readonly limits = CHAT_LIMITS;
  readonly conversations = new ConversationCache();
  private readonly tracker = new SentMessageTracker();
  private requests = 0;

  constructor(
    private readonly translate: Translate,
    private readonly options: ChatSocketOptions,
    /** Undefined if the client is refused. */
    private readonly client: ChatClient | undefined,
  ) {}

  /** The timestamp of the client does not affect the order and is ignored. @throws InvalidFrame */
  read(text: string): CodecRequest {
    const id = `req_${++this.requests}`;
    const { type, timestamp: _clientTime, ...data } = parseTypedFrame(text, 'message');
    const hasTarget = (data.chat_id ?? data.recipient_id ?? undefined) !== undefined;
    return { type, data: hasTarget ? data : { ...data, ...this.options.target }, id };
  }

  write(packet: EncodedFrame | Reply): WebSocketPacket | readonly WebSocketPacket[] | undefined {
    if (!(packet instanceof EncodedFrame)) return this.replyPacket(packet);
    switch (packet.type) {
      case 'message.created':
        return this.messagePacket(packet.translated(this.translate));
      case 'receipt.updated':
        return this.tracker.advance(packet.translated(receiptPosition)).map(messageStatusPacket);
      case 'presence.changed':
        return packet.translated(userStatusPacket);
      case 'error':
        return this.errorPacket(packet.translated(({ error }) => error!));
      case 'resync':
        return this.errorPacket(SKIPPED);
      default:
        return this.options.isExtended ? packet : undefined;
    }
  }

  private messagePacket({ senderId, conversationId, id, number, forSender, forOthers }: TranslatedMessage): TextPacket {
    if (senderId !== this.client?.userId) {
      this.client?.receipts.onDelivered(conversationId, number);
      return forOthers(this.options.publicUrl);
    }
    this.tracker.add(conversationId, id, number);
    return forSender(this.options.publicUrl);
  }

  private replyPacket({ id, outcome }: Reply): TextPacket | undefined {
    return outcome?.error && this.errorPacket(outcome.error, String(id));
  }

  private errorPacket(error: FrameError, requestId = `req_${this.requests}`): TextPacket {
    return TextPacket.of(bodyOf(CHAT_ERRORS.translate(error), requestId));
  }
}

const SKIPPED: FrameError = {
  code: 'MESSAGES_SKIPPED',
  message: 'Messages were skipped. Load the list again.',
  details: {},
};

function receiptPosition({ data }: FrameContent): ReceiptPosition {
  return {
    conversationId: data.conversation_id as string,
    deliveredUpTo: data.delivered_to_all_number as number,
    readUpTo: data.read_by_all_number as number,
  };
}

function messageStatusPacket({ messageId, status }: StatusChange): TextPacket {
  return TextPacket.of({
    type: 'message_status',
    message_id: messageId,
    status,
    timestamp: new Date().toISOString(),
  });
}

function userStatusPacket({ data }: FrameContent): TextPacket {
  const { user_id, status } = data;
  return TextPacket.of({ type: 'user_status', user_id, status, timestamp: new Date().toISOString() });
}
