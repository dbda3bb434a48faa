import { randomUUID } from 'node:crypto';
import type { RoomSlugCache } from '../../modules/conversations/room-slug-cache.js';
import { textOfMessage } from '../../modules/messages/message-text.js';
import type { MessageDto } from '../../modules/messages/messages.dto.js';
import type { EncodedFrame, FrameContent } from '../../platform/realtime/protocol/encoded-frame.js';
import { parseTypedFrame } from '../../platform/realtime/commands/parse-frame.js';
import {
  encodeTextFrame,
  type FrameError,
  Reply,
  type WebSocketPacket,
} from '../../platform/realtime/protocol/packet.js';
import type { CodecRequest, SocketCodec } from '../../platform/realtime/transport/socket-codec.js';
import { bodyOf, ROOMS_ERRORS } from './rooms.errors.js';

export const ROOMS_PROTOCOL = 'rooms';

/** The clients of this dialect send heartbeats in this interval. */
const HEARTBEAT_MS = 30_000;

/** Sent to a client that read too slowly. */
const SKIPPED = { error_code: 'MESSAGES_SKIPPED', error_message: 'Messages were skipped.', details: {} };

/** Every `session_id` of an envelope has this length: a UUID. */
const ID_LENGTH = 36;
const PLACEHOLDER = '-'.repeat(ID_LENGTH);

/** The shared part of an envelope for all receivers: an encoded frame with a placeholder for the session id. */
export class SharedEnvelope {
  private readonly template: Buffer;
  private readonly idAt: number;

  constructor(type: string, data: object, timestamp = Date.now()) {
    const head = `{"type":${JSON.stringify(type)},"timestamp":${timestamp},"session_id":"`;
    const metadata = '"metadata":{"version":"1.0","source":"server"}}';
    this.template = encodeTextFrame(`${head}${PLACEHOLDER}","data":${JSON.stringify(data)},${metadata}`);
    this.idAt = this.template.indexOf(head + PLACEHOLDER) + head.length;
  }

  /** Returns the envelope of one receiver: a copy with their session id. */
  to(sessionId: string): WebSocketPacket {
    const webSocketFrame = Buffer.from(this.template);
    webSocketFrame.write(sessionId, this.idAt, ID_LENGTH, 'latin1');
    return { size: webSocketFrame.length, webSocketFrame };
  }
}

/** Translates a frame once for all receivers into the format of the dialect. */
export type Translate = (frame: FrameContent) => SharedEnvelope | undefined;

/** Creates the function that translates frames for all connections. */
export function createTranslator(slugs: RoomSlugCache): Translate {
  return ({ type, at, conversation_id: conversationId = '', data }) => {
    const room = { room_id: slugs.slugOrIdOf(conversationId) };
    const time = at === undefined ? undefined : Date.parse(at);
    switch (type) {
      case 'message.created':
        return new SharedEnvelope('text_message', { ...textMessageData(data.message as MessageDto), ...room }, time);
      case 'participant.joined':
        return new SharedEnvelope('system_message', { action: 'user_joined', user_id: data.user_id, ...room }, time);
      case 'participant.left':
        return new SharedEnvelope('system_message', { action: 'user_left', user_id: data.user_id, ...room }, time);
      case 'resync':
        return new SharedEnvelope('error', SKIPPED);
      default:
        return undefined;
    }
  };
}

function textMessageData(message: MessageDto): object {
  const { id, sender_id, sender_name, sequence_number } = message;
  return {
    content: textOfMessage(message),
    user_id: sender_id,
    user_name: sender_name,
    message_id: id,
    sequence_number,
  };
}

/** The client of a connection. */
export interface RoomsClient {
  /** The session key that identified it, if any. */
  readonly sessionKey?: string;
}

export interface RoomsSocketOptions extends RoomsClient {
  /** The client also supports our own frames, and receives those that the dialect does not define. */
  readonly isExtended: boolean;
  /** Called once the connection is ready. */
  readonly onReady?: (codec: RoomsCodec) => void;
}

/** The socket protocol of this dialect: envelopes `{type, timestamp, session_id, data, metadata}` both ways. */
export class RoomsCodec implements SocketCodec {
  readonly protocol = ROOMS_PROTOCOL;
  /** Part of every envelope. Without a session key the client gets a random id, which opens nothing. */
  readonly envelopeSessionId: string;
  readonly openedAt = performance.now();
  /** Messages that the client has sent and received. */
  sent = 0;
  received = 0;
  connectionId: string | undefined;

  constructor(
    private readonly translate: Translate,
    private readonly options: RoomsSocketOptions,
  ) {
    this.envelopeSessionId = options.sessionKey ?? randomUUID();
  }

  /** The sender in the envelope is ignored, because the user of the connection is known. @throws InvalidFrame */
  read(text: string): CodecRequest {
    const { type, data } = parseTypedFrame(text, 'text_message');
    return { type, data, id: type };
  }

  write(packet: EncodedFrame | Reply): WebSocketPacket | undefined {
    if (packet instanceof Reply) return this.replyPacket(packet);
    switch (packet.type) {
      case 'hello':
        this.connectionId = packet.translated(({ data }) => data.connection_id as string);
        return undefined;
      case 'ready':
        this.options.onReady?.(this);
        return this.welcomePacket(packet.translated(({ data }) => data.user as { id: string; display_name: string }));
      case 'error':
        return this.errorPacket(packet.translated(({ error }) => error!));
      default:
        return this.eventPacket(packet);
    }
  }

  private eventPacket(packet: EncodedFrame): WebSocketPacket | undefined {
    const envelope = packet.translated(this.translate);
    if (!envelope) return this.options.isExtended ? packet : undefined;
    if (packet.type === 'message.created') this.received++;
    return envelope.to(this.envelopeSessionId);
  }

  private welcomePacket({ id, display_name }: { id: string; display_name: string }): WebSocketPacket {
    const data = {
      action: 'welcome',
      user_id: id,
      user_name: display_name,
      connection_id: this.connectionId,
      heartbeat_interval_ms: HEARTBEAT_MS,
    };
    return this.envelope('system_message', data);
  }

  /** A heartbeat has a response; a message is its own response. */
  private replyPacket({ id, outcome: { result, error } = {} }: Reply): WebSocketPacket | undefined {
    if (error) return this.errorPacket(error);
    return result && id === 'heartbeat' ? this.envelope('heartbeat', result) : undefined;
  }

  private errorPacket(error: FrameError): WebSocketPacket {
    return this.envelope('error', bodyOf(ROOMS_ERRORS.translate(error)));
  }

  private envelope(type: string, data: object): WebSocketPacket {
    return new SharedEnvelope(type, data).to(this.envelopeSessionId);
  }
}
