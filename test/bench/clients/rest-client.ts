import net from 'node:net';
import { type Access, type Client, type ClientEvents, sendFields } from './client.js';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const LENGTH = 'content-length: ';

/**
 * REST over one persistent connection, one request at a time: a user with several requests at once has several of
 * these. A server may close a connection after some number of requests; then the next request opens another.
 */
export class RestClient implements Client {
  private socket: net.Socket | undefined;
  private received: Buffer | undefined;
  private current = -1;

  constructor(
    private readonly access: Access,
    private readonly events: ClientEvents,
  ) {
    this.connect();
  }

  send(n: number, conversationId: string): void {
    const body = `{${sendFields(n)}}`;
    const headers = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    this.request(n, `POST /api/v1/conversations/${conversationId}/messages`, `${headers}\r\n${body}`);
  }

  ping(n: number): void {
    this.request(n, 'GET /api/v1/users/me', '\r\n');
  }

  end(): void {
    this.current = -1;
    this.drop();
  }

  private request(n: number, line: string, rest: string): void {
    this.current = n;
    const { port, token } = this.access;
    if (!this.socket) this.connect();
    this.socket!.write(
      `${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n${rest}`,
      'latin1',
    );
  }

  private connect(): void {
    const socket = net.connect({ host: '127.0.0.1', port: this.access.port, noDelay: true });
    this.socket = socket;
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('error', (error) => this.lost(socket, error.message));
    socket.on('close', () => this.lost(socket, 'the connection ended in the middle of a request'));
  }

  private lost(socket: net.Socket, reason: string): void {
    if (this.socket !== socket) return;
    this.socket = undefined;
    if (this.current >= 0) this.events.failed(reason);
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = undefined;
    socket?.destroy();
  }

  private read(chunk: Buffer): void {
    const bytes = this.received ? Buffer.concat([this.received, chunk]) : chunk;
    const endOfHead = bytes.indexOf(END_OF_HEAD);
    if (endOfHead < 0) return void (this.received = bytes);
    const head = bytes.toString('latin1', 0, endOfHead).toLowerCase();
    const at = head.indexOf(LENGTH);
    const end = endOfHead + 4 + (at < 0 ? 0 : Number.parseInt(head.slice(at + LENGTH.length, at + LENGTH.length + 12)));
    if (bytes.length < end) return void (this.received = bytes);
    this.received = undefined;
    if (head.includes('connection: close')) this.drop();
    const n = this.current;
    this.current = -1;
    this.events.acknowledged(n, head.startsWith('http/1.1 20') ? undefined : bytes.toString('utf8', 0, end));
  }
}
