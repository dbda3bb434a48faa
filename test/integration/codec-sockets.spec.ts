import { once } from 'node:events';
import { WebSocket } from 'ws';
import { PermissionDenied, ValidationError } from '../../src/platform/errors/app-error.js';
import { CodecSockets } from '../../src/platform/realtime/transport/codec-sockets.js';
import { EncodedFrame, type FrameContent } from '../../src/platform/realtime/protocol/encoded-frame.js';
import { credentialOf, Handshake } from '../../src/platform/realtime/transport/handshake.js';
import { type Reply, TextPacket, type WebSocketPacket } from '../../src/platform/realtime/protocol/packet.js';
import type { CodecRequest, SocketCodec } from '../../src/platform/realtime/transport/socket-codec.js';
import { startRealtimeApp, type RealtimeApp } from '../support/realtime-app.js';

let translations = 0;

function shout({ type, data }: FrameContent): TextPacket | undefined {
  translations++;
  return type === 'news' ? new TextPacket(`NEWS ${String(data.text)}`) : undefined;
}

/** A line protocol: `<word> <rest>`; a word is a frame of the test gateway. */
class LineCodec implements SocketCodec {
  readonly protocol = 'lines';
  readonly limits = {
    call: { byRole: { user: 3, student: 3, teacher: 3, moderator: 3, admin: 3 }, windowSeconds: 60 },
  };

  read(text: string): CodecRequest {
    const [word = '', rest = ''] = text.split(' ', 2);
    if (word === '') throw ValidationError.of('', 'is empty');
    return { type: word, data: { text: rest }, id: word };
  }

  write(packet: EncodedFrame | Reply): WebSocketPacket | WebSocketPacket[] | undefined {
    if (packet instanceof EncodedFrame) {
      if (packet.type === 'ready') return [new TextPacket('WELCOME'), new TextPacket('SPEAK')];
      if (packet.type === 'error') return new TextPacket(`ERROR ${packet.translated(({ error }) => error!.code)}`);
      return packet.translated(shout);
    }
    const { result, error } = packet.outcome!;
    return new TextPacket(
      error ? `NO ${packet.id} ${error.code}` : `OK ${packet.id} ${(result as { text: string }).text}`,
    );
  }
}

describe('a socket with the codec of another protocol', () => {
  let server: RealtimeApp;
  const sockets: WebSocket[] = [];

  beforeAll(async () => {
    server = await startRealtimeApp({}, { RATE_LIMIT_MULTIPLIER: '1' });
    const handshake = server.app.get(Handshake, { strict: false });
    server.app.get(CodecSockets).register({
      matches: (path) => path === '/lines',
      handler: {
        identify: async ({ request, url }) => {
          if (url.searchParams.has('stranger')) throw new PermissionDenied('not you');
          const actor = await handshake.identify(credentialOf(request, url.searchParams));
          return { actor: actor!, context: undefined };
        },
        codec: () => new LineCodec(),
      },
    });
  });

  afterAll(async () => {
    for (const socket of sockets) socket.terminate();
    await server.close();
  });

  const connect = (query: string): { lines: string[]; socket: WebSocket; line(index: number): Promise<string> } => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/lines?${query}`);
    sockets.push(socket);
    const lines: string[] = [];
    const line = async (index: number): Promise<string> => {
      while (lines.length <= index) await once(socket, 'message');
      return lines[index]!;
    };
    socket.on('message', (bytes: Buffer) => lines.push(bytes.toString()));
    return { lines, socket, line };
  };

  it('receives frames in its own encoding, in order, and none without one', async () => {
    const { line } = connect('token=alice:s1');
    expect([await line(0), await line(1)]).toEqual(['WELCOME', 'SPEAK']);
    const frame = EncodedFrame.of('news', { data: { text: 'hello' } });
    const unknown = EncodedFrame.of('weather', { data: {} });
    for (const connection of server.fanOut.of('alice')) {
      connection.deliver(unknown, 'durable');
      connection.deliver(frame, 'durable');
    }
    expect(await line(2)).toBe('NEWS hello');
  });

  it('translates a frame once for all receivers', async () => {
    const clients = ['bea', 'bea', 'bea'].map((name, i) => connect(`token=${name}:t${i}`));
    await Promise.all(clients.map(({ line }) => line(1)));
    const frame = EncodedFrame.of('news', { data: { text: 'once' } });
    const before = translations;
    for (const connection of server.fanOut.of('bea')) connection.deliver(frame, 'durable');
    await Promise.all(clients.map(({ line }) => line(2)));
    expect(translations - before).toBe(1);
  });

  it('accepts only the frames of its own protocol, within its own limits', async () => {
    const { socket, line } = connect('token=carl:s3');
    await line(1);
    socket.send('echo hi');
    expect(await line(2)).toBe('OK echo hi');
    socket.send('test.echo hi');
    expect(await line(3)).toBe('NO test.echo UNKNOWN_FRAME_TYPE');
    socket.send('');
    expect(await line(4)).toBe('ERROR VALIDATION_ERROR');
    for (const word of ['echo a', 'echo b', 'echo c']) socket.send(word);
    expect(await line(7)).toBe('NO echo RATE_LIMIT_EXCEEDED');
  });

  it('sends the reason of a refused connection in its own encoding, and closes with the status of the error', async () => {
    const { socket, line } = connect('token=dora:s4&stranger=1');
    expect(await line(0)).toBe('ERROR PERMISSION_DENIED');
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(4403);
  });
});
