import WebSocket from 'ws';

/** A frame as it came over the plain WebSocket. */
export interface SocketFrame {
  readonly type: string;
  readonly id?: string;
  readonly ok?: boolean;
  readonly seq?: number;
  readonly conversation_id?: string;
  readonly data: Record<string, unknown>;
  readonly error?: { readonly code: string };
}

/** A client on the plain WebSocket that keeps every frame it was sent. */
export class Socket {
  readonly frames: SocketFrame[] = [];
  private readonly waiting = new Set<() => void>();
  private count = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data) => {
      this.frames.push(JSON.parse((data as Buffer).toString()) as SocketFrame);
      for (const wake of this.waiting) wake();
    });
  }

  /** Answers once the connection is live. */
  static async open(url: string, token: string): Promise<Socket> {
    const socket = new Socket(
      new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/realtime`, { headers: { authorization: `Bearer ${token}` } }),
    );
    await socket.until((frame) => frame.type === 'live' || frame.type === 'ready');
    return socket;
  }

  /** The first frame, past or to come, that fits. */
  until(fits: (frame: SocketFrame) => boolean, from = 0): Promise<SocketFrame> {
    return new Promise((resolve) => {
      let next = from;
      const look = (): void => {
        for (; next < this.frames.length; next++) {
          const frame = this.frames[next]!;
          if (!fits(frame)) continue;
          this.waiting.delete(look);
          resolve(frame);
          return;
        }
      };
      this.waiting.add(look);
      look();
    });
  }

  /** Sends a request and answers its reply. */
  request(type: string, data: object): Promise<SocketFrame> {
    const id = `${++this.count}`;
    this.socket.send(JSON.stringify({ type, id, data }));
    return this.until((frame) => frame.type === 'reply' && frame.id === id);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.socket.once('close', () => resolve());
      this.socket.close();
    });
  }
}
