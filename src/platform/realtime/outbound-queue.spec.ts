import { EncodedFrame } from './encoded-frame.js';
import { OutboundQueue } from './outbound-queue.js';
import type { Packet } from './packet.js';
import { RealtimeSettings } from './realtime-settings.js';

/** A reader who reads nothing until `read` is called. */
class Reader {
  readonly sent: string[] = [];
  bufferedBytes = 0;
  readonly kind = 'websocket';
  private flushed: (() => void) | undefined;

  send(packet: Packet, onFlushed?: () => void): void {
    this.sent.push((packet as EncodedFrame).type);
    this.bufferedBytes += packet.size;
    this.flushed = onFlushed;
  }

  read(): void {
    this.bufferedBytes = 0;
    this.flushed?.();
  }

  ping(): void {
    return;
  }

  close(): void {
    return;
  }
}

describe('a resume cursor in the queue of a slow reader', () => {
  const cursor = EncodedFrame.of('cursor', { data: {} });
  const event = (seq: number): [EncodedFrame, { position: { streamId: string; seq: number } }] => [
    EncodedFrame.of(`event ${seq}`, { data: 'x'.repeat(300) }),
    { position: { streamId: 'room', seq } },
  ];

  it('never passes a frame that was dropped: it would say that the frame had been handed over', async () => {
    const settings = Object.assign(new RealtimeSettings(), {
      transportBytes: 500,
      softQueueBytes: 3000,
      hardQueueBytes: 2500,
    });
    const reader = new Reader();
    let whenEmpty: (from: ReadonlyMap<string, number>) => void = () => undefined;
    let filled: () => void = () => undefined;
    const asked = new Promise<ReadonlyMap<string, number>>((resolve) => (whenEmpty = resolve));
    const queue = new OutboundQueue(reader, settings, {
      drained: () => undefined,
      tooSlow: () => undefined,
      catchUp: (from) => {
        whenEmpty(from);
        return new Promise((resolve) => (filled = resolve));
      },
    });
    for (let seq = 1; seq <= 4; seq++) queue.push(event(seq)[0], 'durable', event(seq)[1]);
    queue.push(cursor, 'ephemeral');
    for (let seq = 5; seq <= 9; seq++) queue.push(event(seq)[0], 'durable', event(seq)[1]);
    queue.push(cursor, 'ephemeral');
    reader.read();
    expect(await asked).toEqual(new Map([['room', 2]]));
    queue.push(cursor, 'ephemeral');
    reader.read();
    expect(reader.sent).toEqual(['event 1', 'event 2']);
    filled();
    await new Promise((resolve) => setImmediate(resolve));
    queue.push(cursor, 'ephemeral');
    reader.read();
    expect(reader.sent.at(-1)).toBe('cursor');
  });
});
