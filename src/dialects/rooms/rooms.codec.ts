import { randomUUID } from 'node:crypto';
import type { RoomNameCache } from '../../modules/conversations/room-name-cache.js';
import type { MessageDto } from '../../modules/messages/messages.dto.js';
import type { EncodedFrame, FrameContent } from '../../platform/realtime/protocol/encoded-frame.js';
import { typedFrame } from '../../platform/realtime/commands/frame-object.js';
import { type FrameError, Reply, type WebSocketPacket } from '../../platform/realtime/protocol/packet.js';
import type { CodecRequest, SocketCodec } from '../../platform/realtime/transport/socket-codec.js';
import { SharedEnvelope } from './envelope.js';
import { bodyOf, ROOMS_ERRORS } from './rooms.errors.js';

/** The clients of this dialect send heartbeats in this interval. */
const HEARTBEAT_MS = 30_000;

/** Sent to a client that read too slowly. */
const SKIPPED = { error_code: 'MESSAGES_SKIPPED', error_message: 'Messages were skipped.', details: {} };

/** Translates a frame once for all receivers into the format of the dialect. */
export type Translate = (frame: FrameContent) => SharedEnvelope | undefined;

/** Translates our frames to envelopes; `names` resolves room names. One function for all connections. */
export function translator(names: RoomNameCache): Translate {
  return ({ type, at, conversation_id: conversationId = '', data }) => {
    const room = { room_id: names.nameOf(conversationId) };
    const time = at === undefined ? undefined : Date.parse(at);
    switch (type) {
      case 'message.created':
        return new SharedEnvelope('text_message', { ...textOf(data.message as MessageDto), ...room }, time);
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

function textOf({ id, content, sender_id, sender_name, sequence_number }: MessageDto): object {
  return { content, user_id: sender_id, user_name: sender_name, message_id: id, sequence_number };
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

/** The socket of the envelopes: `{type, timestamp, session_id, data, metadata}` both ways. */
export class RoomsCodec implements SocketCodec {
  readonly protocol = 'rooms';
  /** Part of every envelope. Without a session key the client gets a random id, which opens nothing. */
  readonly sessionId: string;
  readonly openedAt = performance.now();
  sent = 0;
  received = 0;
  connectionId: string | undefined;

  constructor(
    private readonly translate: Translate,
    private readonly options: RoomsSocketOptions,
  ) {
    this.sessionId = options.sessionKey ?? randomUUID();
  }

  /** The sender in the envelope is ignored, because the user of the connection is known. @throws InvalidFrame */
  read(text: string): CodecRequest {
    const { type, data } = typedFrame(text, 'text_message');
    return { type, data, id: type };
  }

  write(packet: EncodedFrame | Reply): WebSocketPacket | undefined {
    if (packet instanceof Reply) return this.respond(packet);
    switch (packet.type) {
      case 'hello':
        this.connectionId = packet.translated(({ data }) => data.connection_id as string);
        return undefined;
      case 'ready':
        this.options.onReady?.(this);
        return this.welcome(packet.translated(({ data }) => data.user as { id: string; display_name: string }));
      case 'error':
        return this.problem(packet.translated(({ error }) => error!));
      default:
        return this.event(packet);
    }
  }

  private event(packet: EncodedFrame): WebSocketPacket | undefined {
    const envelope = packet.translated(this.translate);
    if (!envelope) return this.options.isExtended ? packet : undefined;
    if (packet.type === 'message.created') this.received++;
    return envelope.to(this.sessionId);
  }

  private welcome({ id, display_name }: { id: string; display_name: string }): WebSocketPacket {
    const data = {
      action: 'welcome',
      user_id: id,
      user_name: display_name,
      connection_id: this.connectionId,
      heartbeat_interval_ms: HEARTBEAT_MS,
    };
    return this.wrap('system_message', data);
  }

  /** A heartbeat has a response; a message is its own response. */
  private respond({ id, outcome: { result, error } = {} }: Reply): WebSocketPacket | undefined {
    if (error) return this.problem(error);
    return result && id === 'heartbeat' ? this.wrap('heartbeat', result) : undefined;
  }

  private problem(error: FrameError): WebSocketPacket {
    return this.wrap('error', bodyOf(ROOMS_ERRORS.translate(error)));
  }

  private wrap(type: string, data: object): WebSocketPacket {
    return new SharedEnvelope(type, data).to(this.sessionId);
  }
}
