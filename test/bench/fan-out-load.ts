import { setTimeout as sleep } from 'node:timers/promises';
import { isSuccess, sendFields } from './clients/client.js';
import { RawWebSocket } from './clients/raw-web-socket.js';
import { inGroups } from './in-groups.js';
import type { FanOutJob, FanOutResult } from './jobs.js';

const LIVE = '{"type":"live"';
const REPLY = '{"type":"reply"';
const CREATED = '{"type":"message.created"';
/** The byte that distinguishes `message.created` from all other frames: the `m` of its type. */
const KIND = 9;
const M = CREATED.charCodeAt(KIND);
const R = REPLY.charCodeAt(KIND);
const MOST_FAILURES = 100;
const QUIET_MS = 500;

/**
 * Many sockets in one conversation. Frames of the message are counted and not parsed; the number of active sends is
 * limited by what has arrived, so that no server is driven into its queues.
 */
export async function fanOut(job: FanOutJob, mark: (event: 'begin' | 'end') => void): Promise<FanOutResult> {
  const { port, path, tokens, window, conversationId } = job;
  const sockets: RawWebSocket[] = [];
  let deliveries = 0;
  let sends = 0;
  let refusals = 0;
  let failures = 0;
  let firstFailure: string | undefined;
  let sample = '';
  let isRunning = false;
  let heardAt = 0;

  const dispatcher = (): void => {
    while (isRunning && (sends - refusals) * tokens.length - deliveries < window * tokens.length) {
      const n = sends++;
      sockets[n % job.senders]!.sendText(
        `{"type":"message.send","id":"${n}","data":{"conversation_id":"${conversationId}",${sendFields(n)}}}`,
      );
    }
  };
  const failed = (reason: string): void => {
    firstFailure ??= reason;
    failures++;
  };
  /** A refused send is delivered to no client. */
  const refused = (answer: string): void => {
    failed(answer);
    refusals++;
    if (failures < MOST_FAILURES) dispatcher();
  };
  const open = async (token: string | undefined): Promise<void> => {
    let isLive = (): void => {};
    const live = new Promise<void>((resolve) => {
      isLive = resolve;
    });
    const text = (bytes: Buffer, start: number, end: number): void => {
      if (bytes[start + KIND] === M) {
        if (++deliveries % tokens.length === 0) dispatcher();
        if (sample === '') sample = bytes.toString('utf8', start, end);
        return;
      }
      if (bytes[start + KIND] === R && isRefusal(bytes, start)) refused(bytes.toString('utf8', start, end));
      heardAt = performance.now();
      if (bytes.toString('latin1', start, start + LIVE.length) === LIVE) isLive();
    };
    const headers = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
    sockets.push(await RawWebSocket.open({ port, path, headers }, { text, closed: failed }));
    if (token !== undefined) await live;
  };

  try {
    await inGroups(tokens, open);
    // Every client receives the joining of every other, which is not measured.
    while (performance.now() - heardAt < QUIET_MS) await sleep(QUIET_MS / 4);
    isRunning = true;
    dispatcher();
    await sleep(job.warmUpMs);
    mark('begin');
    const [before, sentBefore, begunAt] = [deliveries, sends, performance.now()];
    await sleep(job.seconds * 1000);
    const seconds = (performance.now() - begunAt) / 1000;
    mark('end');
    isRunning = false;
    return { deliveries: deliveries - before, sends: sends - sentBefore, seconds, failures, firstFailure, sample };
  } finally {
    isRunning = false;
    for (const socket of sockets) socket.end();
  }
}

function isRefusal(bytes: Buffer, start: number): boolean {
  return bytes.toString('latin1', start, start + REPLY.length) === REPLY && !isSuccess(bytes, start + REPLY.length);
}
