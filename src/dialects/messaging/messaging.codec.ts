import { textOfMessage } from '../../modules/messages/message-text.js';
import type { MessageDto } from '../../modules/messages/messages.dto.js';
import type { EncodedFrame, FrameContent } from '../../platform/realtime/protocol/encoded-frame.js';
import { parseTypedFrame } from '../../platform/realtime/commands/parse-frame.js';
import { type FrameError, Reply, TextPacket, type WebSocketPacket } from '../../platform/realtime/protocol/packet.js';
import type { CodecRequest, SocketCodec } from '../../platform/realtime/transport/socket-codec.js';
import { MESSAGING_ERRORS } from './messaging.errors.js';
import { MESSAGING_LIMITS } from './messaging.limits.js';
import { type FileUrlOf, presentAttachment } from './messaging.presenter.js';

export const MESSAGING_PROTOCOL = 'messaging';

/** A frame in the format of the dialect, with its conversation. */
interface Translation {
  readonly conversationId: string | undefined;
  /** A function for a message with files: it is encoded for each receiver, because its URLs are personal. */
  readonly packet: TextPacket | ((urlOf: FileUrlOf) => TextPacket) | undefined;
}

/** The conversation of a connection, and the URLs of files for its client. */
export interface MessagingClient {
  readonly conversationId: string;
  readonly urlOf: FileUrlOf;
}

/** In place of a client that was refused and receives only the error. */
const REFUSED: MessagingClient = { conversationId: '', urlOf: (fileId) => fileId };

/** The `retry_after` of an error that has none: the connection is closed because it exceeded limits too often. */
const DEFAULT_RETRY_AFTER_SECONDS = MESSAGING_LIMITS.connect!.windowSeconds;

/**
 * The socket protocol of this dialect: each socket is for one conversation. Successful requests have no response: the
 * message itself is sent.
 */
export class MessagingCodec implements SocketCodec {
  readonly protocol = MESSAGING_PROTOCOL;
  readonly limits = MESSAGING_LIMITS;

  /** `isExtended`: the client also supports our own frames, and receives those that the dialect does not define. */
  constructor(
    private readonly isExtended: boolean,
    private readonly client: MessagingClient = REFUSED,
  ) {}

  get conversationId(): string {
    return this.client.conversationId;
  }

  /** @throws InvalidFrame */
  read(text: string): CodecRequest {
    const { type, ...data } = parseTypedFrame(text);
    return { type, data, id: type };
  }

  write(packet: EncodedFrame | Reply): WebSocketPacket | undefined {
    if (packet instanceof Reply) return this.replyPacket(packet);
    switch (packet.type) {
      case 'ready':
        return this.establishedPacket(packet.translated(({ data }) => (data.user as { id: string }).id));
      case 'error':
        return this.errorPacket(
          'connection',
          packet.translated(({ error }) => error!),
        );
      default:
        return this.eventPacket(packet);
    }
  }

  private eventPacket(packet: EncodedFrame): WebSocketPacket | undefined {
    const { conversationId, packet: translated } = packet.translated(translateFrame);
    if (conversationId !== undefined && conversationId !== this.conversationId) return undefined;
    if (typeof translated === 'function') return translated(this.client.urlOf);
    return translated ?? (this.isExtended ? packet : undefined);
  }

  private establishedPacket(userId: string): TextPacket {
    return TextPacket.of({
      type: 'connection_established',
      conversation_id: this.conversationId,
      user_id: userId,
      timestamp: new Date().toISOString(),
    });
  }

  private replyPacket({ id, outcome }: Reply): TextPacket | undefined {
    return outcome?.error && this.errorPacket(String(id), outcome.error);
  }

  /** `cause` is the type of the request that failed, or `connection`. */
  private errorPacket(cause: string, error: FrameError): TextPacket {
    const { code, message, details } = MESSAGING_ERRORS.translate(error);
    if (code !== 'RATE_LIMIT_EXCEEDED') return TextPacket.of({ type: 'error', message, code });
    return TextPacket.of({
      type: 'rate_limit_exceeded',
      reason: `${cause}_rate_limit_exceeded`,
      retry_after: details.retry_after ?? DEFAULT_RETRY_AFTER_SECONDS,
      message: `${cause[0]!.toUpperCase()}${cause.slice(1)} rate limit exceeded. Please slow down.`,
    });
  }
}

function translateFrame(frame: FrameContent): Translation {
  const { type, data } = frame;
  const conversationId = frame.conversation_id ?? (data.conversation_id as string | undefined);
  return { conversationId, packet: packetOf(type, frame) };
}

function packetOf(type: string, { data, at }: FrameContent): Translation['packet'] {
  switch (type) {
    case 'message.created':
      return chatMessagePacket(data.message as MessageDto, at);
    case 'typing':
      return TextPacket.of({
        type: 'user_typing',
        user_id: data.user_id,
        user_name: data.user_name,
        is_typing: data.is_typing,
        timestamp: new Date().toISOString(),
      });
    case 'conversation.removed':
      return errorNoticePacket('PERMISSION_DENIED', 'You are no longer in this conversation.');
    case 'resync':
      return errorNoticePacket('MESSAGES_SKIPPED', 'Messages were skipped. Load the list again.');
    default:
      return undefined;
  }
}

function errorNoticePacket(code: string, message: string): TextPacket {
  return TextPacket.of({ type: 'error', message, code });
}

/** The `microsecond_timestamp` of the documented sample has the magnitude of milliseconds. */
function chatMessagePacket(message: MessageDto, at = message.created_at): Translation['packet'] {
  const common = {
    type: 'chat_message',
    message_id: message.id,
    conversation_id: message.conversation_id,
    sequence_number: message.sequence_number,
    content: textOfMessage(message),
    is_deleted: message.is_deleted,
    sender_id: message.sender_id,
    sender_name: message.sender_name,
    message_type: message.message_type,
    created_at: message.created_at,
    timestamp: at,
    microsecond_timestamp: Date.parse(message.created_at),
    ...(message.client_message_id !== undefined && { client_message_id: message.client_message_id }),
  };
  const { attachments } = message;
  if (attachments.length === 0) return TextPacket.of({ ...common, attachments });
  return (urlOf) =>
    TextPacket.of({ ...common, attachments: attachments.map((file) => presentAttachment(file, urlOf)) });
}
