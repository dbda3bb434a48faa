/** Types for clients in TypeScript: `Socket<ServerToClientEvents, ClientToServerEvents>` of socket.io-client. */

import type { AuthFrameDto, CONNECTION_FRAMES, DeclaredFrame, DURABLE_EVENTS, SIGNALS } from './protocol-frames.js';

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
  /** Position of the previous durable event of this stream that the user may receive. */
  prev: number;
  id: string;
  at: string;
  actor_id: string | null;
  data: Data;
  /** In a replay. */
  replay?: true;
}

/** A signal: state, of which the newest counts, or ephemeral. */
export interface SignalFrame<Type extends string = string, Data = Record<string, unknown>> {
  type: Type;
  conversation_id?: string;
  data: Data;
}

type DurableType = keyof typeof DURABLE_EVENTS;
type DataOf<Frames extends Record<string, DeclaredFrame>, Type extends keyof Frames> = InstanceType<
  Frames[Type]['data']
>;

export type ServerToClientEvents = {
  [Type in keyof typeof CONNECTION_FRAMES]: (
    frame: ConnectionFrame<Type, DataOf<typeof CONNECTION_FRAMES, Type>>,
  ) => void;
} & { [Type in DurableType]: (frame: DurableFrame<Type>) => void } & {
  [Type in keyof typeof SIGNALS]: (frame: SignalFrame<Type, DataOf<typeof SIGNALS, Type>>) => void;
} & { error: (frame: { type: 'error'; error: ProtocolError }) => void };

/** Requests and their data: the fields of the REST body plus `conversation_id` or `message_id`. */
export interface Requests {
  auth: AuthFrameDto;
  'auth.refresh': { token: string };
  ping: Record<string, never>;
  'admin.watch': object;
  'admin.unwatch': object;
  'message.send': {
    conversation_id: string;
    content?: string;
    message_type?: string;
    reply_to_id?: string | null;
    mentions?: string[];
    attachment_ids?: string[];
    metadata?: Record<string, unknown>;
    client_message_id?: string;
  };
  'message.edit': {
    message_id: string;
    content: string;
    mentions?: string[];
    metadata?: Record<string, unknown>;
  };
  'message.delete': { message_id: string };
  'reaction.add': { message_id: string; emoji: string };
  'reaction.remove': { message_id: string; emoji: string };
  'message.read': { conversation_id: string; message_id?: string; sequence_number?: number };
  'message.delivered': { conversation_id: string; message_id?: string; sequence_number?: number };
  'typing.start': { conversation_id: string };
  'typing.stop': { conversation_id: string };
  'presence.set': { status: 'online' | 'away' | 'busy' | 'offline'; custom?: string | null };
  'file.get': { file_id: string };
  subscribe: { conversation_id: string; from_seq?: number };
  unsubscribe: { conversation_id: string };
  history: {
    conversation_id: string;
    limit?: number;
    cursor?: string;
    before?: string;
    after?: string;
    after_number?: number;
    before_number?: number;
    around?: string;
    type?: string;
    from?: string;
    to?: string;
    sender_id?: string;
  };
}

export type ClientToServerEvents = {
  [Type in keyof Requests]: (data: Requests[Type], acknowledge?: Acknowledgement) => void;
};
