import { setTimeout as sleep } from 'node:timers/promises';
import type { Access, Client, ClientEvents } from './clients/client.js';
import { RestClient } from './clients/rest-client.js';
import { SocketIoClient } from './clients/socket-io-client.js';
import { WebSocketClient } from './clients/web-socket-client.js';
import type { ClosedLoopJob, LightRequestsJob, OpenLoopJob, SendResult } from './jobs.js';
import { Latencies } from './latencies.js';
import { inGroups } from './in-groups.js';

/** Sends that can be active at once; far more than any row has. */
const REMEMBERED = 1 << 20;
const MOST_FAILURES = 1000;
const DRAIN_MS = 10_000;
const NOT_NOW = /SERVICE_UNAVAILABLE|TOO_MANY_IN_FLIGHT/;

/** One active send of one sender, over conversations in turn. */
interface Lane {
  readonly client: Client;
  readonly conversations: readonly string[];
  next: number;
}

type Mark = (event: 'begin' | 'end') => void;

/** The jobs that send requests and measure their responses. */
type SendJob = ClosedLoopJob | LightRequestsJob | OpenLoopJob;

/** Runs the sends of a closed or an open loop and measures those that both began and ended in the measured time. */
export async function sendLoad(job: SendJob, mark: Mark): Promise<SendResult> {
  const load = new SendLoad(job);
  try {
    await load.open();
    load.start();
    await sleep(job.warmUpMs);
    mark('begin');
    load.measure(true);
    await sleep(job.seconds * 1000);
    load.measure(false);
    mark('end');
    await load.drain();
    if (job.kind === 'open-loop') await load.recover();
    return load.result();
  } finally {
    load.end();
  }
}

class SendLoad {
  private readonly clients: Client[] = [];
  private readonly lanes: Lane[] = [];
  private readonly laneOf: Lane[] = [];
  private readonly sentAt = new Float64Array(REMEMBERED);
  private readonly toAcknowledgement = new Latencies();
  private readonly toOtherSocket = new Latencies();
  private readonly toRefusal = new Latencies();
  private acknowledged = 0;
  private refused = 0;
  private recoveredMs: number | undefined;
  private failures = 0;
  private firstFailure: string | undefined;
  private count = 0;
  private open_ = 0;
  private isRunning = false;
  private isMeasuring = false;
  private firstMeasured = Infinity;
  private lastMeasured = Infinity;
  /** All accepted sends. */
  private taken = 0;
  private stoppedAt = 0;
  private begunAt = 0;
  private measuredMs = 0;
  private pace: NodeJS.Timeout | undefined;

  constructor(private readonly job: SendJob) {}

  async open(): Promise<void> {
    const { port, transport, senders, readers } = this.job;
    const sending: ClientEvents = {
      acknowledged: (n, refusal) => this.answer(n, refusal),
      failed: (reason) => this.fail(reason),
    };
    const receiving: ClientEvents = { ...sending, delivered: (n) => this.arrive(n) };
    await inGroups(readers, async (token) => {
      this.clients.push(await openClient(transport === 'rest' ? 'ws' : transport, { port, token }, receiving));
    });
    await inGroups(senders, async ({ token, conversations }) => {
      const perSender = this.job.kind === 'open-loop' ? 1 : this.job.inFlight;
      let client: Client | undefined;
      for (let i = 0; i < perSender; i++) {
        if (!client || transport === 'rest') {
          client = await openClient(transport, { port, token }, sending);
          this.clients.push(client);
        }
        this.lanes.push({ client, conversations, next: Math.floor((i * conversations.length) / perSender) });
      }
    });
  }

  start(): void {
    this.isRunning = true;
    if (this.job.kind === 'open-loop') this.keepPace(this.job.rate);
    else for (const lane of this.lanes) this.send(lane);
  }

  measure(isOn: boolean): void {
    this.isMeasuring = isOn;
    if (isOn) {
      this.begunAt = performance.now();
      this.firstMeasured = this.count;
    } else {
      this.measuredMs = performance.now() - this.begunAt;
      this.lastMeasured = this.count;
    }
  }

  /** Stops sending and waits for the outstanding responses. */
  async drain(): Promise<void> {
    this.isRunning = false;
    clearInterval(this.pace);
    this.stoppedAt = performance.now();
    const deadline = performance.now() + DRAIN_MS;
    while (this.open_ > 0 && performance.now() < deadline) await sleep(20);
  }

  /** Sends again, one at a time, until one is accepted. */
  async recover(): Promise<void> {
    const begun = performance.now();
    this.isRunning = false;
    for (let taken = this.taken; taken === this.taken && performance.now() - begun < DRAIN_MS; await sleep(10)) {
      if (this.open_ === 0) this.send(this.lanes[0]!);
    }
    this.recoveredMs = performance.now() - this.stoppedAt;
  }

  end(): void {
    this.isRunning = false;
    clearInterval(this.pace);
    for (const client of this.clients) client.end();
  }

  result(): SendResult {
    if (this.open_ > 0) this.fail(`${this.open_} sends were never answered`);
    return {
      acknowledged: this.acknowledged,
      seconds: this.measuredMs / 1000,
      failures: this.failures,
      firstFailure: this.firstFailure,
      refused: this.refused,
      toRefusal: this.toRefusal.summary(),
      recoveredMs: this.recoveredMs,
      toAcknowledgement: this.toAcknowledgement.summary(),
      toOtherSocket: this.toOtherSocket.summary(),
    };
  }

  private keepPace(rate: number): void {
    const begun = performance.now();
    let sent = 0;
    this.pace = setInterval(() => {
      const due = Math.floor(((performance.now() - begun) / 1000) * rate);
      for (; sent < due; sent++) this.send(this.lanes[sent % this.lanes.length]!);
    }, 1);
  }

  private send(lane: Lane): void {
    const n = this.count++;
    const { conversations } = lane;
    this.laneOf[n % REMEMBERED] = lane;
    this.sentAt[n % REMEMBERED] = performance.now();
    this.open_++;
    if (this.job.kind === 'light-requests') lane.client.ping(n);
    else lane.client.send(n, conversations[lane.next++ % conversations.length]!);
  }

  private answer(n: number, refusal: string | undefined): void {
    this.open_--;
    const isRefused = refusal !== undefined && NOT_NOW.test(refusal);
    if (refusal === undefined) this.taken++;
    else if (!isRefused) this.fail(refusal);
    if (this.isMeasuring && isRefused) this.refused++;
    if (this.isMeasuring && refusal === undefined) this.acknowledged++;
    if (n >= this.firstMeasured && n < this.lastMeasured) {
      const latencies = isRefused ? this.toRefusal : this.toAcknowledgement;
      latencies.record(performance.now() - this.sentAt[n % REMEMBERED]!);
    }
    if (this.isRunning && this.job.kind !== 'open-loop') this.send(this.laneOf[n % REMEMBERED]!);
  }

  private arrive(n: number): void {
    if (this.isMeasuring && n >= this.firstMeasured && n < this.count) {
      this.toOtherSocket.record(performance.now() - this.sentAt[n % REMEMBERED]!);
    }
  }

  private fail(reason: string): void {
    this.firstFailure ??= reason.slice(0, 500);
    if (++this.failures >= MOST_FAILURES) this.isRunning = false;
  }
}

async function openClient(
  transport: 'rest' | 'socket.io' | 'ws',
  access: Access,
  events: ClientEvents,
): Promise<Client> {
  if (transport === 'rest') return new RestClient(access, events);
  return transport === 'ws' ? WebSocketClient.open(access, events) : SocketIoClient.open(access, events);
}
