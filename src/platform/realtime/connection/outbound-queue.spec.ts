import { EncodedFrame } from '../protocol/encoded-frame.js';
import { OutboundQueue, type QueueOwner } from './outbound-queue.js';
import type { Packet } from '../protocol/packet.js';
import { RealtimeSettings } from './realtime-settings.js';
import type { Transport } from '../transport/transport.js';

/** A transport whose client is played by the test: it reads what was sent when `read` is called. */
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
    for (const onFlushed of this.flushed.splice(0)) onFlushed();
  }

  ping(): void {}
  close(): void {}
}

class Owner implements QueueOwner {
  isDrained = false;
  isTooSlow = false;
  readonly requested: [string, number][][] = [];
  fill: (from: ReadonlyMap<string, number>) => void = () => {};

  onDrained(): void {
    this.isDrained = true;
  }

  onTooSlow(): void {
    this.isTooSlow = true;
  }

  catchUp(from: ReadonlyMap<string, number>): Promise<void> {
    this.requested.push([...from]);
    this.fill(from);
    return Promise.resolve();
  }
}

/** A frame of exactly 100 bytes. */
function frame(name: string): EncodedFrame {
  return new EncodedFrame('x', name.padEnd(100, '.'), {});
}

describe('OutboundQueue', () => {
  let transport: StalledTransport;
  let owner: Owner;
  let queue: OutboundQueue;
  const names = (): string[] => transport.sent.map((body) => body.replace(/\.+$/, ''));
  const durable = (streamId: string, seq: number): void =>
    queue.push(frame(`${streamId}${seq}`), 'durable', { position: { streamId, seq } });

  beforeEach(() => {
    const sizes = { transportBytes: 200, softQueueBytes: 400, hardQueueBytes: 1_000, reliableBytes: 1_000 };
    transport = new StalledTransport();
    owner = new Owner();
    queue = new OutboundQueue(transport, Object.assign(new RealtimeSettings(), sizes), owner);
  });

  it('sends what the transport accepts, and the rest in order once that was read', () => {
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

  it('replaces queued state with the newest of the same key, at the position of the older one', () => {
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
    expect(owner.requested).toEqual([
      [
        ['a', 2],
        ['b', 6],
      ],
    ]);
    expect(names()).toEqual(['a1', 'a2', 'a>2', 'b>6']);
  });

  it('sends no frame of a stream that lost one before the log was read again', async () => {
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

  it('defers frames that arrive while the log is read, and sends those that the log did not cover', async () => {
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

  it('sends no cursor past a lost frame', async () => {
    queue.push(frame('cursor 1'), 'ephemeral');
    for (let seq = 1; seq <= 12; seq++) durable('a', seq);
    queue.push(frame('cursor 2'), 'ephemeral');
    owner.fill = () => queue.push(frame('cursor 3'), 'ephemeral');
    transport.read();
    transport.read();
    await settled();
    expect(owner.requested).toHaveLength(1);
    expect(names().filter((name) => name.startsWith('cursor'))).toEqual(['cursor 1']);
  });

  it('sends a replay before the live frames that arrived meanwhile, except those that the replay covers', () => {
    queue.cork();
    queue.deferLive();
    for (let seq = 4; seq <= 6; seq++) durable('a', seq);
    queue.pushReplayed(frame('replayed 1..5'));
    queue.release(({ seq }) => seq <= 5);
    expect(names()).toEqual([]);
    queue.uncork();
    expect(names()).toEqual(['replayed 1..5', 'a6']);
  });

  it('closes a connection that leaves too many replies unread', () => {
    for (let sent = 0; sent < 10; sent++) queue.push(frame('reply'), 'reliable');
    expect(owner.isTooSlow).toBe(false);
    for (let sent = 0; sent < 10; sent++) queue.push(frame('reply'), 'reliable');
    expect(owner.isTooSlow).toBe(true);
  });

  it('notices that the transport is empty even without a callback', () => {
    for (let seq = 1; seq <= 4; seq++) durable('a', seq);
    transport.bufferedBytes = 0;
    queue.checkDeadlines();
    expect(names()).toEqual(['a1', 'a2', 'a3', 'a4']);
  });
});

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
