import { type HttpOptions, type HttpResponse, request } from './http.js';
import type { RealtimeClient } from './realtime-client.js';
import { SocketIoClient } from './socket-io.js';
import { WebSocketClient } from './web-socket.js';

/** A client of one server, with the access token of a user or without one. */
export class ApiClient {
  constructor(
    /** `http://127.0.0.1:port` */
    readonly url: string,
    readonly token?: string,
    /** Receives every connection, for the owner of the client to close. */
    protected readonly connections: RealtimeClient[] = [],
  ) {}

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** A request to any path. */
  request(method: string, path: string, options: HttpOptions = {}): Promise<HttpResponse> {
    return request(method, this.url + path, { token: this.token, ...options });
  }

  /** A request to the canonical API. */
  call(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<HttpResponse> {
    return this.request(method, `/api/v1${path}`, { body, headers });
  }

  /** A device with a plain WebSocket, past `live`. */
  webSocket(cursor = ''): Promise<RealtimeClient> {
    const headers = { authorization: `Bearer ${this.token}` };
    return this.live(new WebSocketClient(this.port, `?cursor=${cursor}`, { headers }));
  }

  /** A device with Socket.IO, past `live`. */
  socketIo(): Promise<RealtimeClient> {
    return this.live(new SocketIoClient(this.port, { token: this.token }));
  }

  private async live(client: RealtimeClient): Promise<RealtimeClient> {
    this.connections.push(client);
    await client.next('live');
    return client;
  }
}
