import { EventEmitter } from 'node:events';
import { WebSocket } from 'ws';

interface ClientOptions {
  readonly baseUrl: string;
  readonly token: string;
}

/** The package that the documentation of the chat dialect installs, with the calls its samples use. */
export class ChatClient {
  readonly messages = {
    send: (message: object): Promise<Record<string, unknown>> => this.call('POST', '/messages/', message),
  };

  readonly websocket = {
    connect: (userId: string): ChatConnection => new ChatConnection(this.options, userId),
  };

  constructor(private readonly options: ClientOptions) {}

  private async call(method: string, path: string, body: object): Promise<Record<string, unknown>> {
    const { baseUrl, token } = this.options;
    const response = await fetch(baseUrl + path, {
      method,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (answer.error === true) throw new Error(`${String(answer.code)}: ${String(answer.message)}`);
    return answer;
  }
}

/** Emits `message`, `user_status`, `message_status` and `error`. */
export class ChatConnection extends EventEmitter {
  private readonly socket: WebSocket;

  constructor({ baseUrl, token }: ClientOptions, userId: string) {
    super();
    this.socket = new WebSocket(`${baseUrl.replace('http', 'ws')}/ws/${userId}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    this.socket.on('message', (bytes: Buffer) => {
      const frame = JSON.parse(bytes.toString('utf8')) as { type?: string; error?: true };
      this.emit(frame.error ? 'error' : (frame.type ?? 'message'), frame);
    });
  }

  close(): void {
    this.socket.terminate();
  }
}
