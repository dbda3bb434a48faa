/** Types for clients in TypeScript: `Socket<ServerToClientEvents, ClientToServerEvents>` of socket.io-client. */

export interface ProtocolError {
  code: string;
  message: string;
  details: Record<string, unknown>;
}

export type Acknowledgement<Data = Record<string, unknown>> = (
  reply: { ok: true; data: Data } | { ok: false; error: ProtocolError },
) => void;

/** A frame about the connection itself. */
export interface ConnectionFrame<Type extends string, Data> {
  type: Type;
  data: Data;
}

/** A durable event: one position of a conversation, or of the user's own stream. */
export interface DurableFrame<Type extends string = string, Data = Record<string, unknown>> {
  type: Type;
  conversation_id?: string;
  seq: number;
  /** Position of the previous durable event of this stream that this user was to receive. */
  prev: number;
  id: string;
  at: string;
  actor_id: string | null;
  data: Data;
  /** In a replay. */
  replay?: true;
}

/** A signal: the newest counts, or it may be forgotten. */
export interface SignalFrame<Type extends string = string, Data = Record<string, unknown>> {
  type: Type;
  conversation_id?: string;
  data: Data;
}

export interface ResumeOffer {
  cursor?: string;
  /** Last seq applied, for each conversation the client keeps. */
  conversations?: Record<string, number>;
}

type DurableType =
  | 'message.created'
  | 'message.updated'
  | 'message.deleted'
  | 'message.pinned'
  | 'message.unpinned'
  | 'reaction.added'
  | 'reaction.removed'
  | 'participant.joined'
  | 'participant.left'
  | 'participant.updated'
  | 'conversation.updated'
  | 'conversation.deleted'
  | 'conversation.added'
  | 'conversation.removed'
  | 'user.updated'
  | 'session.revoked';

type SignalType = 'receipt.updated' | 'presence.changed' | 'file.scanned' | 'unread.changed' | 'typing';

interface ConnectionFrames {
  hello: { connection_id: string; heartbeat_ms: number; timeout_ms: number; server_time: string };
  ready: {
    user: { id: string; username: string; display_name: string; role: string };
    session_id: string;
    resumed: boolean;
    cursor: string;
  };
  live: { cursor: string; replayed: number };
  cursor: { cursor: string };
  resync: { scope: 'all' | 'conversation' | 'user'; conversation_id?: string; reason: string; fetch?: string };
  'auth.expiring': { expires_at: string };
  going_away: { reconnect_after_ms: number };
}

export type ServerToClientEvents = {
  [Type in keyof ConnectionFrames]: (frame: ConnectionFrame<Type, ConnectionFrames[Type]>) => void;
} & { [Type in DurableType]: (frame: DurableFrame<Type>) => void } & {
  [Type in SignalType]: (frame: SignalFrame<Type>) => void;
} & { error: (frame: { type: 'error'; error: ProtocolError }) => void };

/** Requests and their data: the fields of the REST body plus `conversation_id` or `message_id`. */
interface Requests {
  auth: { token: string; resume?: ResumeOffer };
  'auth.refresh': { token: string };
  ping: Record<string, never>;
  'message.send': {
    conversation_id: string;
    content?: string;
    message_type?: string;
    client_message_id?: string;
    reply_to_id?: string | null;
    attachment_ids?: string[];
    metadata?: Record<string, unknown>;
  };
  'message.edit': { message_id: string; content: string };
  'message.delete': { message_id: string };
  'reaction.add': { message_id: string; emoji: string };
  'reaction.remove': { message_id: string; emoji: string };
  'message.read': { conversation_id: string; message_id?: string; up_to?: number };
  'message.delivered': { conversation_id: string; message_id?: string; up_to?: number };
  'typing.start': { conversation_id: string };
  'typing.stop': { conversation_id: string };
  'presence.set': { status: string };
  subscribe: { conversation_id: string; from_seq?: number };
  unsubscribe: { conversation_id: string };
  history: { conversation_id: string; limit?: number; before?: string; after?: string };
}

export type ClientToServerEvents = {
  [Type in keyof Requests]: (data: Requests[Type], acknowledge?: Acknowledgement) => void;
};
