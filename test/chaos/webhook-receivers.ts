import { once } from 'node:events';
import { createServer, type Server, type ServerResponse, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A received call. */
export interface ReceivedWebhook {
  readonly id: string;
  readonly messageId: string;
  /** From the event to its arrival; both clocks are this machine's. */
  readonly delayMs: number;
}

export type ReceiverAnswer = (call: ReceivedWebhook, response: ServerResponse, request: IncomingMessage) => void;

/** Each has its own IP address, because a port makes no other host: the load of one host is limited. */
function hostOf(receiver: number): string {
  return `127.0.${1 + Math.floor(receiver / 250)}.${1 + (receiver % 250)}`;
}

/** Systems that receive webhooks on loopback, each on its own IP address and port. */
export class WebhookReceivers {
  private constructor(private readonly servers: readonly Server[]) {}

  static async start(
    count: number,
    answer: (receiver: number, ...rest: Parameters<ReceiverAnswer>) => void,
  ): Promise<WebhookReceivers> {
    const servers = Array.from({ length: count }, (_, receiver) =>
      createServer((request, response) => {
        response.on('error', () => undefined);
        read(request).then(
          (call) =>
            'challenge' in call
              ? response.writeHead(200).end(JSON.stringify(call))
              : answer(receiver, call, response, request),
          () => undefined, // a worker was killed in the middle of it
        );
      }),
    );
    await Promise.all(servers.map((server, receiver) => once(server.listen(0, hostOf(receiver)), 'listening')));
    return new WebhookReceivers(servers);
  }

  url(receiver: number): string {
    return `http://${hostOf(receiver)}:${(this.servers[receiver]!.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      server.close();
    }
    await Promise.all(this.servers.map((server) => once(server, 'close')));
  }
}

/** A call, or the challenge that comes before the first one. */
async function read(request: IncomingMessage): Promise<ReceivedWebhook | { readonly challenge: string }> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) text += chunk;
  const { event, timestamp, data } = JSON.parse(text) as {
    event: string;
    timestamp: string;
    data: { message_id: string; challenge: string };
  };
  if (event === 'webhook.verification') return { challenge: data.challenge };
  return {
    id: String(request.headers['webhook-id']),
    messageId: data.message_id,
    delayMs: Date.now() - Date.parse(timestamp),
  };
}

/** The value below which this share of the values lies; 0 without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
