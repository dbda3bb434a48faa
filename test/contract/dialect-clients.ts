import type { AnyJson } from '../support/client/inbox.js';
import { JsonSocket } from '../support/client/web-socket.js';
import type { KnownIds } from './samples.js';

/** How a client of a dialect encodes requests over its socket, including malformed ones. */
export interface DialectSpeech {
  /** The URL of the socket; `token` may be of no user. */
  readonly address: (ids: KnownIds, token: string | undefined) => string;
  /** The type of the frame that confirms the connection. */
  readonly welcome: string;
  /** A whole frame of this type; `data` is JSON text, or any other text, or undefined. */
  readonly say: (type: string, data: string | undefined) => string;
  /** The code of an error frame; undefined for every other frame. */
  readonly errorIn: (frame: AnyJson) => string | undefined;
}

/** The fields of a request are next to its type. Data that is not an object is the whole frame. */
function besideType(type: string, data: string | undefined): string {
  const head = `{"type":${JSON.stringify(type)}`;
  if (data === undefined || data === '{}') return `${head}}`;
  return data.startsWith('{') ? `${head},${data.slice(1)}` : data;
}

const query = (token: string | undefined): string => (token === undefined ? '' : `?token=${token}`);

/** One for every dialect with frames. */
export const DIALECT_SPEECHES: Record<string, DialectSpeech> = {
  messaging: {
    address: ({ conversationId }, token) => `/ws/chat/${conversationId}/${query(token)}`,
    welcome: 'connection_established',
    say: besideType,
    errorIn: ({ type, code }) => (type === 'error' ? (code as string) : undefined),
  },
  chat: {
    address: ({ conversationId }, token) =>
      `/ws/${holderOf(token)}?ext=1&chat_id=${conversationId}${token === undefined ? '' : `&token=${token}`}`,
    welcome: 'live',
    say: besideType,
    errorIn: ({ error, code }) => (error === true ? (code as string) : undefined),
  },
  classroom: {
    address: (_ids, token) => (token === undefined ? '/api/ws?ext=1' : `/api/ws/${token}?ext=1`),
    welcome: 'live',
    say: besideType,
    errorIn: ({ type, code }) => (type === 'error' ? (code as string) : undefined),
  },
  direct: {
    address: (_ids, token) => `/ws?ext=1${token === undefined ? '' : `&token=${token}`}`,
    welcome: 'live',
    say: (type, data) => `{"type":${JSON.stringify(type)}${data === undefined ? '' : `,"data":${data}`}}`,
    errorIn: ({ type, data }) =>
      type === 'error' ? String((data as { code?: string } | undefined)?.code).toUpperCase() : undefined,
  },
  rooms: {
    address: (_ids, token) => `/ws/chat/${query(token)}`,
    welcome: 'system_message',
    say: (type, data) => `{"type":${JSON.stringify(type)}${data === undefined ? '' : `,"data":${data}`}}`,
    errorIn: ({ type, data }) => (type === 'error' ? String(data.details.cause ?? data.error_code) : undefined),
  },
};

/** The user id in the token. */
function holderOf(token: string | undefined): string {
  const payload = Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString() || '{}';
  return (JSON.parse(payload) as { sub?: string }).sub ?? 'no-user';
}

const NO_FRAME = 'no.such.frame';

/** A socket of a dialect. It assigns responses to requests by sending an unknown frame after each request. */
export class DialectClient {
  private readonly socket: JsonSocket;

  constructor(
    url: string,
    private readonly speech: DialectSpeech,
    ids: KnownIds,
    token: string | undefined,
  ) {
    this.socket = new JsonSocket(url, speech.address(ids, token));
  }

  get frames(): AnyJson[] {
    return this.socket.frames;
  }

  /** The code with which the connection was refused; undefined if it was accepted. */
  async open(): Promise<string | undefined> {
    const { welcome, errorIn } = this.speech;
    const first = this.socket.next((frame) => frame.type === welcome || errorIn(frame) !== undefined);
    return Promise.race([first.then(errorIn), this.socket.refused.then(String)]);
  }

  /**
   * The codes of the responses; undefined if the connection was closed instead. `settled` waits until no work is
   * pending.
   */
  async ask(type: string, data: string | undefined, settled?: () => Promise<void>): Promise<string[] | undefined> {
    const before = this.frames.length;
    this.socket.send(this.speech.say(type, data));
    if (settled) {
      if (!(await this.reachEnd())) return undefined;
      await settled();
    }
    if (!(await this.reachEnd())) return undefined;
    const codes = this.frames.slice(before).map((frame) => this.speech.errorIn(frame));
    return codes.filter((code): code is string => code !== undefined && code !== 'UNKNOWN_FRAME_TYPE');
  }

  close(): void {
    this.socket.close();
  }

  private reachEnd(): Promise<boolean> {
    this.socket.send(this.speech.say(NO_FRAME, undefined));
    const isAnswered = this.socket.next((frame) => this.speech.errorIn(frame) === 'UNKNOWN_FRAME_TYPE');
    return Promise.race([isAnswered.then(() => true), this.socket.closed.then(() => false)]);
  }
}
