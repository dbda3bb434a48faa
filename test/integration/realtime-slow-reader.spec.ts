import type { Socket as TcpSocket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EncodedFrame } from '../../src/platform/realtime/protocol/encoded-frame.js';
import type { LiveConnection } from '../../src/platform/realtime/connection/live-connection.js';
import type { RealtimeSettings } from '../../src/platform/realtime/connection/realtime-settings.js';
import type { Transport } from '../../src/platform/realtime/transport/transport.js';
import type { RealtimeClient } from '../support/client/realtime-client.js';
import { SocketIoClient, TRANSPORTS } from '../support/client/socket-io.js';
import { WebSocketClient } from '../support/client/web-socket.js';
import { type RealtimeApp, startRealtimeApp } from '../support/realtime-app.js';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A weak reference keeps its object until the end of the turn in which it was created or read. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const MEGABYTE = 1_048_576;
/** The time that a client may take does not bound what is held for it in a test, however slow the machine is. */
const PATIENT: Partial<RealtimeSettings> = { hardQueueMs: Infinity };
const UNBOUNDED: Partial<RealtimeSettings> = {
  ...PATIENT,
  softQueueBytes: Infinity,
  hardQueueBytes: Infinity,
  hardQueueFrames: Infinity,
};

describe.each(TRANSPORTS)('a slow consumer over %s', (_name, connect) => {
  let server: RealtimeApp;
  const clients: RealtimeClient[] = [];

  const join = async (name: string): Promise<[RealtimeClient, LiveConnection]> => {
    const client = connect(server.port, `${name}:s-${name}`);
    clients.push(client);
    await client.first('live');
    return [client, server.fanOut.of(name)[0]!];
  };

  afterEach(async () => {
    for (const client of clients.splice(0)) {
      tcpOf(client).resume();
      client.close();
    }
    await server.close();
  });

  /** The megabytes that the server holds after 40 MB were sent to a client that does not read. */
  const held = async (): Promise<number> => {
    const [client, connection] = await join('stalled');
    tcpOf(client).pause();
    const sent: WeakRef<EncodedFrame>[] = [];
    for (let seq = 1; seq <= 4_000; seq++) {
      const frame = durable(seq, 'x'.repeat(10_000));
      sent.push(new WeakRef(frame));
      connection.deliver(frame, 'durable', { position: { streamId: 'c', seq } });
      if (seq % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await settle();
    const queued = sent.reduce((bytes, frame) => bytes + (frame.deref()?.size ?? 0), 0);
    // Buffers of the kernel are not included.
    return (queued + transportOf(connection).bufferedBytes) / MEGABYTE;
  };

  it('cannot make the server buffer more than its bound', async () => {
    server = await startRealtimeApp(PATIENT);
    expect(await held()).toBeLessThan(2);
  });

  it('makes it buffer everything without the bounds, as a control', async () => {
    server = await startRealtimeApp(UNBOUNDED);
    expect(await held()).toBeGreaterThan(30);
  });

  it('does not delay others', async () => {
    server = await startRealtimeApp();
    const [stalled, slow] = await join('stalled');
    const [healthy, quick] = await join('healthy');
    tcpOf(stalled).pause();
    for (let seq = 1; seq <= 3_000; seq++) {
      const frame = durable(seq, 'x'.repeat(2_000));
      for (const connection of [slow, quick]) {
        connection.deliver(frame, 'durable', { position: { streamId: 'c', seq } });
      }
      if (seq % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await healthy.first(({ seq }) => seq === 3_000);
    expect(seqsOf(healthy)).toEqual(numbers(1, 3_000));
  });

  it('receives everything in order when it reads again: dropped frames are read from the log', async () => {
    server = await startRealtimeApp();
    const [client, connection] = await join('stalled');
    server.fanOut.fill = (asking, from) => {
      for (let seq = from.get('c')! + 1; seq <= 8_000; seq++) {
        asking.deliverNow(durable(seq, 'again'), { streamId: 'c', seq });
      }
    };
    tcpOf(client).pause();
    for (let seq = 1; seq <= 8_000; seq++) {
      connection.deliver(durable(seq, 'x'.repeat(3_000)), 'durable', { position: { streamId: 'c', seq } });
      if (seq % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    tcpOf(client).resume();
    await client.first(({ seq }) => seq === 8_000);
    expect(server.fanOut.gaps.length).toBeGreaterThan(0);
    expect(seqsOf(client)).toEqual(numbers(1, 8_000));
    connection.deliver(durable(8_001, 'live'), 'durable', { position: { streamId: 'c', seq: 8_001 } });
    await client.first(({ seq }) => seq === 8_001);
  });

  it('is closed if it does not read for too long', async () => {
    server = await startRealtimeApp({ hardQueueMs: 40, slowCloseMs: 40, tickMs: 20 });
    const [client, connection] = await join('stalled');
    tcpOf(client).pause();
    for (let seq = 1; server.fanOut.of('stalled').length > 0; seq++) {
      connection.deliver(durable(seq, 'x'.repeat(3_000)), 'durable', { position: { streamId: 'c', seq } });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((connection as unknown as { isClosed: boolean }).isClosed).toBe(true);
  });

  it('cannot accumulate replies either', async () => {
    server = await startRealtimeApp({ reliableBytes: MEGABYTE });
    const [client] = await join('stalled');
    tcpOf(client).pause();
    const text = 'x'.repeat(5_000);
    for (let sent = 0; server.fanOut.of('stalled').length > 0; sent++) {
      client.request('test.echo', { text }).catch(() => {});
      if (sent % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

function durable(seq: number, text: string): EncodedFrame {
  return EncodedFrame.of('message.created', { conversation_id: 'c', seq, prev: seq - 1, data: { text } });
}

function seqsOf(client: RealtimeClient): number[] {
  return client.frames.filter(({ type }) => type === 'message.created').map(({ seq }) => seq as number);
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function transportOf(connection: LiveConnection): Transport {
  return (connection as unknown as { transport: Transport }).transport;
}

/** The TCP socket of the client: a client with a paused socket does not read. */
function tcpOf(client: RealtimeClient): TcpSocket {
  const webSocket =
    client instanceof WebSocketClient
      ? client.socket
      : (client as SocketIoClient).socket.io.engine.transport && engineSocket(client as SocketIoClient);
  return (webSocket as unknown as { _socket: TcpSocket })._socket;
}

function engineSocket(client: SocketIoClient): unknown {
  return (client.socket.io.engine.transport as unknown as { ws: unknown }).ws;
}
