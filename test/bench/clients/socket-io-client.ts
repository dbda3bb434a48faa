import { type Access, type Client, type ClientEvents, digitsAt, isSuccess, numberIn, sendFields } from './client.js';
import { RawWebSocket } from './raw-web-socket.js';

const LIVE = '42["live"';
const CREATED = '42["message.created"';
const ERROR = '42["error"';
const [PING, MESSAGE, CONNECT, EVENT, ACKNOWLEDGEMENT, REFUSAL] = [50, 52, 48, 50, 51, 52];

/**
 * Socket.IO over its WebSocket transport, by the text of its protocol: the official client costs more than a server.
 */
export class SocketIoClient implements Client {
  private constructor(private readonly socket: RawWebSocket) {}

  /** Returns once the connection is live; `until` is the event that confirms it on another server. */
  static async open({ port, token }: Access, events: ClientEvents, until?: 'connect'): Promise<SocketIoClient> {
    let isLive = (): void => {};
    const live = new Promise<void>((resolve) => {
      isLive = resolve;
    });
    const looksAtEvents = events.delivered !== undefined;
    const carrier: { socket?: RawWebSocket } = {};
    const early: string[] = [];
    const say = (packet: string): void => {
      if (carrier.socket) carrier.socket.sendText(packet);
      else early.push(packet);
    };
    const text = (bytes: Buffer, start: number, end: number): void => {
      events.heard?.();
      const kind = bytes[start];
      if (kind === CONNECT) return say(`40${JSON.stringify({ token })}`);
      if (kind === PING) return say('3');
      if (kind !== MESSAGE) return;
      const packet = bytes[start + 1];
      if (packet === ACKNOWLEDGEMENT) {
        const at = start + 2;
        events.acknowledged(digitsAt(bytes, at), isSuccess(bytes, at) ? undefined : bytes.toString('utf8', start, end));
      } else if (packet === EVENT) {
        if (startsWith(bytes, start, CREATED)) {
          if (looksAtEvents) events.delivered!(numberIn(bytes, start, end));
        } else if (startsWith(bytes, start, LIVE)) isLive();
        else if (startsWith(bytes, start, ERROR)) events.failed(bytes.toString('utf8', start, end));
      } else if (packet === CONNECT && until === 'connect') isLive();
      else if (packet === REFUSAL) events.failed(bytes.toString('utf8', start, end));
    };
    const address = { port, path: '/socket.io/?EIO=4&transport=websocket' };
    const socket = await RawWebSocket.open(address, { text, closed: events.failed });
    carrier.socket = socket;
    for (const packet of early) socket.sendText(packet);
    await live;
    return new SocketIoClient(socket);
  }

  send(n: number, conversationId: string): void {
    this.socket.sendText(`42${n}["message.send",{"conversation_id":"${conversationId}",${sendFields(n)}}]`);
  }

  ping(n: number): void {
    this.socket.sendText(`42${n}["ping",{}]`);
  }

  end(): void {
    this.socket.end();
  }
}

function startsWith(bytes: Buffer, start: number, text: string): boolean {
  return bytes.toString('latin1', start, start + text.length) === text;
}
