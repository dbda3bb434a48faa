import { randomBytes } from 'node:crypto';
import net from 'node:net';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** One buffer for the reads of all sockets: the rest of a frame is copied out of it. */
const READS = Buffer.allocUnsafe(1 << 18);

export interface RawWebSocketEvents {
  /** A whole text frame: `bytes` from `start` to `end`, valid during this call only. */
  text(bytes: Buffer, start: number, end: number): void;
  closed(reason: string): void;
}

export interface Address {
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A WebSocket client with minimal cost, so that the server is what is measured: frames are parsed in place, and sent
 * with a mask of zeros.
 */
export class RawWebSocket {
  private readonly socket: net.Socket;
  private rest: Buffer | undefined;
  private upgraded = false;

  private constructor(
    address: Address,
    private readonly events: RawWebSocketEvents,
    private readonly opened: () => void,
  ) {
    const { port, path, headers = {} } = address;
    this.socket = net.connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: { buffer: READS, callback: (count, buffer) => this.read(buffer as Buffer, count) },
    });
    this.socket.on('error', (error) => events.closed(error.message));
    this.socket.on('close', () => events.closed('the connection ended'));
    const lines = {
      Host: `127.0.0.1:${port}`,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      ...headers,
    };
    const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`GET ${path} HTTP/1.1\r\n${head.join('')}\r\n`);
  }

  /** Returns once the upgrade has succeeded. @throws Error with the response of the server otherwise */
  static open(address: Address, events: RawWebSocketEvents): Promise<RawWebSocket> {
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const socket: RawWebSocket = new RawWebSocket(
        address,
        {
          text: events.text,
          closed: (reason) => (isOpen ? events.closed(reason) : reject(new Error(reason))),
        },
        () => {
          isOpen = true;
          resolve(socket);
        },
      );
    });
  }

  /** ASCII only, like all requests of the load generator. */
  sendText(text: string): void {
    this.send(TEXT, text);
  }

  end(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private send(opcode: number, text: string): void {
    const { length } = text;
    const header = length < 126 ? 6 : 8;
    const frame = Buffer.allocUnsafe(header + length);
    frame[0] = 0x80 | opcode;
    if (length < 126) {
      frame[1] = 0x80 | length;
    } else {
      frame[1] = 0x80 | 126;
      frame.writeUInt16BE(length, 2);
    }
    frame.fill(0, header - 4, header);
    frame.write(text, header, 'latin1');
    this.socket.write(frame);
  }

  private read(buffer: Buffer, count: number): boolean {
    let bytes = buffer;
    let end = count;
    if (this.rest) {
      bytes = Buffer.concat([this.rest, buffer.subarray(0, count)]);
      end = bytes.length;
      this.rest = undefined;
    }
    let at = this.upgraded ? 0 : this.readUpgrade(bytes, end);
    while (this.upgraded && at + 2 <= end) {
      let length = bytes[at + 1]! & 127;
      let start = at + 2;
      if (length === 126) {
        if (at + 4 > end) break;
        length = bytes.readUInt16BE(at + 2);
        start = at + 4;
      } else if (length === 127) {
        if (at + 10 > end) break;
        length = bytes.readUInt32BE(at + 6);
        start = at + 10;
      }
      if (start + length > end) break;
      this.handle(bytes[at]! & 15, bytes, start, start + length);
      at = start + length;
    }
    if (at < end) this.rest = Buffer.from(bytes.subarray(at, end));
    return true;
  }

  private readUpgrade(bytes: Buffer, end: number): number {
    const head = bytes.toString('latin1', 0, end);
    const done = head.indexOf('\r\n\r\n');
    if (done < 0) return 0;
    if (!head.startsWith('HTTP/1.1 101')) {
      this.socket.destroy(new Error(head.split('\r\n')[0] + head.slice(done + 4)));
      return end;
    }
    this.upgraded = true;
    this.opened();
    return done + 4;
  }

  private handle(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode === TEXT) this.events.text(bytes, start, end);
    else if (opcode === PING) this.send(PONG, bytes.toString('latin1', start, end));
    else if (opcode === CLOSE) {
      const code = end - start >= 2 ? bytes.readUInt16BE(start) : 1005;
      this.socket.destroy(new Error(`closed with ${code} ${bytes.toString('utf8', start + 2, end)}`));
    }
  }
}
