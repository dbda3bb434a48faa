import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Less than the timeout of a test, whose message would not name what is missing. */
const PATIENCE_MS = 50_000;

/** A received call. */
export interface ReceivedCall {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into bodies freely
  readonly body: any;
}

type Answer = (call: ReceivedCall, response: ServerResponse, request: IncomingMessage) => void;

/** A system that receives webhooks on loopback, records them, and responds as the test requires. */
export class WebhookReceiver {
  readonly calls: ReceivedCall[] = [];
  /** The challenges; they are not among the calls. */
  readonly challenges: ReceivedCall[] = [];
  /** Connections that were opened to it, whether or not a request came over them. */
  connections = 0;
  answer: Answer = (_call, response) => void response.writeHead(204).end();
  /** It confirms challenges, unless the test replaces this. */
  answerChallenge: Answer = ({ body }, response) =>
    void response.writeHead(200).end(JSON.stringify({ challenge: body.data.challenge as string }));
  private waiting: {
    calls: readonly ReceivedCall[];
    matches: (call: ReceivedCall) => boolean;
    resolve: (call: ReceivedCall) => void;
  }[] = [];

  private constructor(private readonly server: Server) {}

  static async start({ port = 0, host = '127.0.0.1' } = {}): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server);
    server.on('connection', () => receiver.connections++);
    server.on('request', (request, response) => void receiver.take(request, response));
    server.listen(port, host);
    await once(server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /**
   * The first call that matches, already received or awaited. @throws if none arrives in 50 s, with the calls that did
   */
  async until(matches: (call: ReceivedCall) => boolean): Promise<ReceivedCall> {
    return this.wait(this.calls, matches);
  }

  /** The first challenge that matches, already received or awaited. @throws as `until` does */
  async untilChallenged(matches: (call: ReceivedCall) => boolean = () => true): Promise<ReceivedCall> {
    return this.wait(this.challenges, matches);
  }

  private async wait(calls: readonly ReceivedCall[], matches: (call: ReceivedCall) => boolean): Promise<ReceivedCall> {
    const known = calls.find(matches);
    if (known) return known;
    let timer: NodeJS.Timeout | undefined;
    const missing = new Error();
    try {
      return await new Promise((resolve, reject) => {
        this.waiting.push({ calls, matches, resolve });
        timer = setTimeout(() => {
          const came = this.calls.map(({ path, body }) => `${path} ${(body as { event?: string }).event}`);
          missing.message = `the call that was waited for did not come; what came: ${came.join(', ')}`;
          reject(missing);
        }, PATIENCE_MS);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for this number of calls. */
  async count(number: number): Promise<ReceivedCall[]> {
    await this.until(() => this.calls.length >= number);
    return this.calls;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const call = {
      path: request.url ?? '',
      headers: request.headers as Record<string, string>,
      text,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
    const isChallenge = (call.body as { event?: string } | undefined)?.event === 'webhook.verification';
    const came = isChallenge ? this.challenges : this.calls;
    came.push(call);
    if (isChallenge) this.answerChallenge(call, response, request);
    else this.answer(call, response, request);
    this.waiting = this.waiting.filter(({ calls, matches, resolve }) => {
      if (calls !== came || !matches(call)) return true;
      resolve(call);
      return false;
    });
  }
}
