import { type Access, type Client, type ClientEvents, digitsAt, isSuccess, numberIn, sendFields } from './client.js';
import { RawWebSocket } from './raw-web-socket.js';

const REPLY = '{"type":"reply","id":"';
const LIVE = '{"type":"live"';
const CREATED = '{"type":"message.created"';

/** Plain WebSocket. `type` is first in every frame, so a few bytes identify it. */
export class WebSocketClient implements Client {
  private constructor(private readonly socket: RawWebSocket) {}

  /** Returns once the connection is live. */
  static async open({ port, token }: Access, events: ClientEvents): Promise<WebSocketClient> {
    let isLive = (): void => {};
    const live = new Promise<void>((resolve) => {
      isLive = resolve;
    });
    const looksAtEvents = events.delivered !== undefined;
    const text = (bytes: Buffer, start: number, end: number): void => {
      events.heard?.();
      const kind = bytes[start + 9];
      if (kind === 114 /* r: reply, ready or resync */) {
        if (!startsWith(bytes, start, REPLY)) return;
        const at = start + REPLY.length;
        events.acknowledged(digitsAt(bytes, at), isSuccess(bytes, at) ? undefined : bytes.toString('utf8', start, end));
      } else if (kind === 109 /* m */) {
        if (looksAtEvents && startsWith(bytes, start, CREATED)) events.delivered!(numberIn(bytes, start, end));
      } else if (kind === 108 /* l */) {
        if (startsWith(bytes, start, LIVE)) isLive();
      } else if (kind === 101 /* e */) {
        events.failed(bytes.toString('utf8', start, end));
      }
    };
    const address = { port, path: '/api/v1/realtime', headers: { Authorization: `Bearer ${token}` } };
    const socket = await RawWebSocket.open(address, { text, closed: events.failed });
    await live;
    return new WebSocketClient(socket);
  }

  send(n: number, conversationId: string): void {
    this.socket.sendText(
      `{"type":"message.send","id":"${n}","data":{"conversation_id":"${conversationId}",${sendFields(n)}}}`,
    );
  }

  ping(n: number): void {
    this.socket.sendText(`{"type":"ping","id":"${n}"}`);
  }

  end(): void {
    this.socket.end();
  }
}

function startsWith(bytes: Buffer, start: number, text: string): boolean {
  return bytes.toString('latin1', start, start + text.length) === text;
}
