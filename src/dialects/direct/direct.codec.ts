import type { MessageDto } from '../../modules/messages/messages.dto.js';
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
import { DIRECT_ERRORS } from './direct.errors.js';
import { DIRECT_LIMITS } from './direct.limits.js';
import { lastSeenOf, presentMessage } from './direct.presenter.js';

export const DIRECT_PROTOCOL = 'direct';

/** The user of a connection, and their delivery receipts. */
export interface DirectClient {
  readonly userId: string;
  readonly receipts: DeliveryReceipts;
}

/** The only request with a reply for success. */
const PING = 'ping';

/**
 * The socket protocol of this dialect: `{type, data}` in both directions. With `ext=1` in its URL a client also
 * receives our own frames that this dialect does not define.
 */
export class DirectCodec implements SocketCodec {
  readonly protocol = DIRECT_PROTOCOL;
  readonly limits = DIRECT_LIMITS;

  /** `client` is undefined if it is refused. */
  constructor(
    private readonly isExtended: boolean,
    private readonly client: DirectClient | undefined,
  ) {}

  /** @throws InvalidFrame */
  read(text: string): CodecRequest {
    const { type, data } = parseTypedFrame(text);
    return type === PING ? { type, data, id: PING } : { type, data };
  }

  write(packet: EncodedFrame | Reply): WebSocketPacket | undefined {
    if (!(packet instanceof EncodedFrame)) return pingResponse(packet);
    switch (packet.type) {
      case 'message.created':
        return this.messagePacket(packet.translated(translateMessage));
      case 'typing':
        return packet.translated(typingPacket);
      case 'presence.changed':
        return packet.translated(presencePacket);
      case 'error':
        return packet.translated(errorFramePacket);
      default:
        return this.isExtended ? packet : undefined;
    }
  }

  private messagePacket({ senderId, conversationId, number, packet }: TranslatedMessage): TextPacket {
    if (senderId !== this.client?.userId) this.client?.receipts.onDelivered(conversationId, number);
    return packet;
  }
}

interface TranslatedMessage {
  readonly senderId: string;
  readonly conversationId: string;
  readonly number: number;
  readonly packet: TextPacket;
}

const PONG = TextPacket.of({ type: 'pong', data: {} });

function pingResponse({ outcome }: Reply): TextPacket {
  return outcome?.error ? errorPacket(outcome.error) : PONG;
}

function translateMessage({ data }: FrameContent): TranslatedMessage {
  const sent = data.message as MessageDto;
  return {
    senderId: sent.sender_id,
    conversationId: sent.conversation_id,
    number: sent.sequence_number,
    packet: TextPacket.of({ type: 'message', data: presentMessage(sent) }),
  };
}

function typingPacket({ data: { user_id, conversation_id, is_typing } }: FrameContent): TextPacket {
  return TextPacket.of({ type: 'typing', data: { user_id, conversation_id, is_typing } });
}

function presencePacket({ data }: FrameContent): TextPacket {
  const { user_id, status, last_seen } = data as { user_id: string; status: string; last_seen: string | null };
  return TextPacket.of({ type: 'presence', data: { user_id, status, last_seen: lastSeenOf(status, last_seen) } });
}

function errorFramePacket({ error }: FrameContent): TextPacket {
  return errorPacket(error!);
}

function errorPacket(error: FrameError): TextPacket {
  return TextPacket.of({ type: 'error', data: DIRECT_ERRORS.translate(error) });
}
