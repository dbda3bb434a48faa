import type { MessageDto } from '../../modules/messages/messages.dto.js';
import { TYPING_TTL_MS } from '../../modules/presence/presence.dto.js';
import { EncodedFrame, type FrameContent } from '../../platform/realtime/protocol/encoded-frame.js';
import { parseTypedFrame } from '../../platform/realtime/commands/parse-frame.js';
import {
  type FrameError,
  type Reply,
  TextPacket,
  type WebSocketPacket,
} from '../../platform/realtime/protocol/packet.js';
import type { CodecRequest, SocketCodec } from '../../platform/realtime/transport/socket-codec.js';
import { CLASSROOM_ERRORS } from './classroom.errors.js';
import { CLASSROOM_LIMITS } from './classroom.limits.js';
import { presentMessage } from './classroom.presenter.js';

export const CLASSROOM_PROTOCOL = 'classroom';

/**
 * The maximum number of entries in each map of a connection. A read mark that is forgotten may be sent again; a typing
 * user whose status is forgotten counts as online.
 */
const TRACKED_MAX = 1000;
/** The status of a typing user whose presence is offline or unknown. */
const TYPING_STATUS = 'online';

interface ReadMarkPacket {
  /** Identifies the conversation and the reader. */
  readonly key: string;
  readonly number: number;
  readonly packet: TextPacket;
}

/**
 * The socket protocol of this dialect: flat frames with a `type`. Requests have no response unless they fail. With
 * `ext=1` in its URL a client also receives our own frames that this dialect does not define.
 */
export class ClassroomCodec implements SocketCodec {
  readonly protocol = CLASSROOM_PROTOCOL;
  readonly limits = CLASSROOM_LIMITS;
  /** The last read mark that was sent for each reader. Parley's receipts repeat marks that have not changed. */
  private readonly sentMarks = new Map<string, number>();
  private readonly statuses = new Map<string, string>();
  /** The conversation in which each user types, and until when, as this client knows it. */
  private readonly typingUsers = new Map<string, { conversationId: string; until: number }>();

  constructor(private readonly isExtended: boolean) {}

  /** @throws InvalidFrame */
  read(text: string): CodecRequest {
    const { type, ...data } = parseTypedFrame(text);
    return { type, data };
  }

  write(packet: EncodedFrame | Reply): WebSocketPacket | readonly WebSocketPacket[] | undefined {
    if (!(packet instanceof EncodedFrame)) return undefined;
    switch (packet.type) {
      case 'message.created':
        return packet.translated(newMessage);
      case 'receipt.updated':
        return this.unsentReadMarks(packet.translated(readMarkPackets));
      case 'presence.changed':
        return this.statusChange(packet);
      case 'typing':
        return this.typing(packet);
      case 'error':
        return packet.translated(this.isExtended ? errorPacketWithCode : errorPacket);
      default:
        return this.isExtended ? packet : undefined;
    }
  }

  private unsentReadMarks(frames: ReadMarkPacket[]): TextPacket[] {
    return frames
      .filter(({ key, number }) => {
        if ((this.sentMarks.get(key) ?? 0) >= number) return false;
        track(this.sentMarks, key, number);
        return true;
      })
      .map(({ packet }) => packet);
  }

  private statusChange(frame: EncodedFrame): TextPacket {
    const { userId, status, packet } = frame.translated(presence);
    track(this.statuses, userId, status);
    const typing = this.typingUsers.get(userId);
    if (!typing || typing.until < Date.now() || status === 'offline') return packet;
    return statusPacket({ userId, status, isTyping: true, conversationId: typing.conversationId });
  }

  /**
   * Sends two frames: an event of its own, and the status that includes typing, because clients handle one or the
   * other.
   */
  private typing(frame: EncodedFrame): TextPacket[] {
    const { userId, conversationId, isTyping, packet } = frame.translated(typingEvent);
    if (isTyping) track(this.typingUsers, userId, { conversationId, until: Date.now() + TYPING_TTL_MS });
    else if (this.typingUsers.get(userId)?.conversationId === conversationId) this.typingUsers.delete(userId);
    const known = this.statuses.get(userId) ?? TYPING_STATUS;
    const status = known === 'offline' ? TYPING_STATUS : known;
    return [packet, statusPacket({ userId, status, isTyping, conversationId })];
  }
}

function track<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > TRACKED_MAX) map.delete(map.keys().next().value!);
}

function newMessage({ data }: FrameContent): TextPacket {
  return TextPacket.of({ type: 'new_message', message: presentMessage(data.message as MessageDto) });
}

interface Mark {
  readonly user_id: string;
  readonly last_read_number: number;
  readonly last_read_message_id: string | null;
}

/** At most 100, the maximum number of marks in an update. */
function readMarkPackets({ data }: FrameContent): ReadMarkPacket[] {
  return (data.marks as Mark[]).flatMap(
    ({ user_id: userId, last_read_number: number, last_read_message_id: messageId }) => {
      if (messageId === null) return [];
      const packet = TextPacket.of({ type: 'message_read', message_id: messageId, user_id: userId });
      return [{ key: `${String(data.conversation_id)} ${userId}`, number, packet }];
    },
  );
}

function presence({ data }: FrameContent): { userId: string; status: string; packet: TextPacket } {
  const { user_id: userId, status } = data as { user_id: string; status: string };
  return { userId, status, packet: statusPacket({ userId, status, isTyping: false, conversationId: null }) };
}

function typingEvent({ data }: FrameContent): {
  userId: string;
  conversationId: string;
  isTyping: boolean;
  packet: TextPacket;
} {
  const { user_id, conversation_id, is_typing } = data as {
    user_id: string;
    conversation_id: string;
    is_typing: boolean;
  };
  const packet = TextPacket.of({ type: is_typing ? 'typing_start' : 'typing_stop', user_id, conversation_id });
  return { userId: user_id, conversationId: conversation_id, isTyping: is_typing, packet };
}

function statusPacket(change: {
  userId: string;
  status: string;
  isTyping: boolean;
  conversationId: string | null;
}): TextPacket {
  return TextPacket.of({
    type: 'user_status_change',
    user_id: change.userId,
    status: change.status,
    is_typing: change.isTyping,
    conversation_id: change.conversationId,
  });
}

const MALFORMED = new Set(['INVALID_FRAME', 'UNKNOWN_FRAME_TYPE', 'VALIDATION_ERROR']);

function errorPacket({ error }: FrameContent): TextPacket {
  return TextPacket.of(errorFrame(error!));
}

function errorPacketWithCode({ error }: FrameContent): TextPacket {
  return TextPacket.of({ ...errorFrame(error!), code: error!.code });
}

function errorFrame(error: FrameError): object {
  const message = MALFORMED.has(error.code) ? 'Invalid message format' : CLASSROOM_ERRORS.translate(error).message;
  return { type: 'error', message };
}
