import type { ClientEvents } from './clients/client.js';
import { RawWebSocket } from './clients/raw-web-socket.js';
import { SocketIoClient } from './clients/socket-io-client.js';
import { WebSocketClient } from './clients/web-socket-client.js';
import { inGroups } from './in-groups.js';
import type { IdleJob, IdleResult } from './jobs.js';

/** Opens all sockets, reports `begin`, and holds them until it is released. */
export async function idle(
  job: IdleJob,
  mark: (event: 'begin' | 'end') => void,
  released: Promise<void>,
): Promise<IdleResult> {
  const open: { end(): void }[] = [];
  let failures = 0;
  let firstFailure: string | undefined;
  const failed = (reason: string): void => {
    firstFailure ??= reason;
    failures++;
  };
  const events: ClientEvents = { acknowledged: () => {}, failed };
  const begunAt = performance.now();
  try {
    await inGroups(job.tokens, async (token) => {
      open.push(await connect(job, token, events));
    });
    const connectMs = performance.now() - begunAt;
    mark('begin');
    await released;
    return { connected: open.length, connectMs, failures, firstFailure };
  } finally {
    for (const client of open) client.end();
  }
}

function connect(job: IdleJob, token: string | undefined, events: ClientEvents): Promise<{ end(): void }> {
  const { port, transport, path } = job;
  if (transport === 'socket.io') {
    return SocketIoClient.open({ port, token: token ?? '' }, events, token === undefined ? 'connect' : undefined);
  }
  if (token !== undefined) return WebSocketClient.open({ port, token }, events);
  return RawWebSocket.open({ port, path }, { text: () => {}, closed: events.failed });
}
