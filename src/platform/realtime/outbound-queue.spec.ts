import { EncodedFrame } from './encoded-frame.js';
import { OutboundQueue, type QueueOwner } from './outbound-queue.js';
import type { Packet } from './packet.js';
import { RealtimeSettings } from './realtime-settings.js';
import type { Transport } from './transport.js';

/** A transport whose reader the test plays: it takes what is sent when `read` is called. */
class StalledTransport implements Transport {
  readonly kind = 'websocket';
  readonly sent: string[] = [];
  bufferedBytes = 0;
  private flushed: (() => void)[] = [];

  send(packet: Packet, onFlushed?: () => void): void {
    this.sent.push((packet as EncodedFrame).body);
    this.bufferedBytes += packet.size;
    if (onFlushed) this.flushed.push(onFlushed);
  }

  read(): void {
    this.bufferedBytes = 0;
    for (const tell of this.flushed.splice(0)) tell();
  }

  ping(): void {}
  close(): void {}
}

class Owner implements QueueOwner {
  isDrained = false;
  isTooSlow = false;
  readonly asked: [string, number][][] = [];
  fill: (from: ReadonlyMap<string, number>) => void = () => {};

  onDrained(): void {
    this.isDrained = true;
  }

  onTooSlow(): void {
    this.isTooSlow = true;
  }

  catchUp(from: ReadonlyMap<string, number>): Promise<void> {
    this.asked.push([...from]);
    this.fill(from);
    return Promise.resolve();
  }
}

/** A frame of exactly 100 bytes. */
function frame(name: string): EncodedFrame {
  return new EncodedFrame('x', name.padEnd(100, '.'));
}

describe('the queue in front of a transport', () => {
  let transport: StalledTransport;
  let owner: Owner;
  let queue: OutboundQueue;
  const names = (): string[] => transport.sent.map((body) => body.replace(/\.+$/, ''));
  const durable = (streamId: string, seq: number): void =>
    queue.push(frame(`${streamId}${seq}`), 'durable', { position: { streamId, seq } });

  beforeEach(() => {
    const sizes = { transportBytes: 200, softQueueBytes: 400, hardQueueBytes: 1_000, owedBytes: 1_000 };
    transport = new StalledTransport();
    owner = new Owner();
    queue = new OutboundQueue(transport, Object.assign(new RealtimeSettings(), sizes), owner);
  });

  it('hands over what the transport takes, and the rest in order when it was read', () => {
    for (let seq = 1; seq <= 5; seq++) durable('a', seq);
    expect(names()).toEqual(['a1', 'a2']);
    transport.read();
    transport.read();
    transport.read();
    expect(names()).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
    expect(owner.isDrained).toBe(true);
  });

  it('drops ephemeral frames above the soft bound', () => {
    for (let seq = 1; seq <= 4; seq++) durable('a', seq);
    queue.push(frame('typing'), 'ephemeral');
    transport.read();
    transport.read();
    expect(names()).not.toContain('typing');
  });

  it('keeps the newest state of a key, where the older one stood', () => {
    for (let seq = 1; seq <= 3; seq++) durable('a', seq);
    for (const name of ['read 1', 'read 2', 'read 3']) queue.push(frame(name), 'state', { key: 'k' });
    durable('a', 4);
    for (let reads = 0; reads < 3; reads++) transport.read();
    expect(names()).toEqual(['a1', 'a2', 'a3', 'read 3', 'a4']);
    queue.push(frame('read 4'), 'state', { key: 'k' });
    transport.read();
    expect(names().at(-1)).toBe('read 4');
  });

  it('drops durable frames above the hard bound and has their streams read again from before the first loss', async () => {
    for (let seq = 1; seq <= 3; seq++) durable('a', seq);
    for (let seq = 7; seq <= 20; seq++) durable('b', seq);
    owner.fill = (from) => {
      expect(names()).toEqual(['a1', 'a2']);
      for (const [streamId, seq] of from) queue.pushReplayed(frame(`${streamId}>${seq}`), { streamId, seq: 20 });
    };
    transport.read();
    transport.read();
    await settled();
    expect(owner.asked).toEqual([
      [
        ['a', 2],
        ['b', 6],
      ],
    ]);
    expect(names()).toEqual(['a1', 'a2', 'a>2', 'b>6']);
  });

  it('lets no frame of a stream that lost one pass before the log was read again', async () => {
    for (let seq = 1; seq <= 12; seq++) durable('a', seq);
    durable('a', 13);
    durable('b', 1);
    owner.fill = () => queue.pushReplayed(frame('a3..13'), { streamId: 'a', seq: 13 });
    transport.read();
    transport.read();
    transport.read();
    await settled();
    expect(names()).toEqual(['a1', 'a2', 'b1', 'a3..13']);
  });

  it('keeps aside what comes while the log is read, and sends of it what the reading did not reach', async () => {
    for (let seq = 1; seq <= 12; seq++) durable('a', seq);
    owner.fill = () => {
      durable('a', 13);
      durable('a', 14);
      queue.pushReplayed(frame('a3..13'), { streamId: 'a', seq: 13 });
    };
    transport.read();
    await settled();
    transport.read();
    expect(names()).toEqual(['a1', 'a2', 'a3..13', 'a14']);
  });

  it('lets no cursor pass a lost frame', async () => {
    queue.push(frame('cursor 1'), 'ephemeral');
    for (let seq = 1; seq <= 12; seq++) durable('a', seq);
    queue.push(frame('cursor 2'), 'ephemeral');
    owner.fill = () => queue.push(frame('cursor 3'), 'ephemeral');
    transport.read();
    transport.read();
    await settled();
    expect(owner.asked).toHaveLength(1);
    expect(names().filter((name) => name.startsWith('cursor'))).toEqual(['cursor 1']);
  });

  it('sends a replay before what came live meanwhile, without what the replay covered', () => {
    queue.cork();
    queue.deferLive();
    for (let seq = 4; seq <= 6; seq++) durable('a', seq);
    queue.pushReplayed(frame('replayed 1..5'));
    queue.release(({ seq }) => seq <= 5);
    expect(names()).toEqual([]);
    queue.uncork();
    expect(names()).toEqual(['replayed 1..5', 'a6']);
  });

  it('gives up on a reader who leaves too many answers unread', () => {
    for (let sent = 0; sent < 10; sent++) queue.push(frame('reply'), 'owed');
    expect(owner.isTooSlow).toBe(false);
    for (let sent = 0; sent < 10; sent++) queue.push(frame('reply'), 'owed');
    expect(owner.isTooSlow).toBe(true);
  });

  it('notices that the transport is empty even when it was not told', () => {
    for (let seq = 1; seq <= 4; seq++) durable('a', seq);
    transport.bufferedBytes = 0;
    queue.checkDeadlines();
    expect(names()).toEqual(['a1', 'a2', 'a3', 'a4']);
  });
});

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
