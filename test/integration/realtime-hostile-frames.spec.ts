import { once } from 'node:events';
import { WebSocket } from 'ws';
import { request } from '../support/client/http.js';
import { RawConnection, RawSocketIo } from '../support/client/raw.js';
import { openPolling, SocketIoClient } from '../support/client/socket-io.js';
import { WebSocketClient } from '../support/client/web-socket.js';
import { type RealtimeApp, startRealtimeApp } from '../support/realtime-app.js';

/** Text messages that are not valid requests; each is answered with an error and closes nothing. */
const BAD_TEXTS: [string, string][] = [
  ['text that is no JSON', '{"type":'],
  ['nothing', ''],
  ['null', 'null'],
  ['a number', '1e999'],
  ['an array', '[]'],
  ['an array of requests', '[{"type":"ping"}]'],
  ['no type', '{}'],
  ['a type that is an object', '{"type":{}}'],
  ['a type that is a list', '{"type":["ping"]}'],
  ['the type of a prototype', '{"type":"__proto__"}'],
  ['another type of a prototype', '{"type":"constructor","data":{}}'],
  ['data that is a list', '{"type":"test.echo","data":[]}'],
  ['data that is text', '{"type":"test.echo","data":"x"}'],
  ['no data', '{"type":"test.echo"}'],
  ['data of null', '{"type":"test.echo","data":null}'],
  ['an id that is an object', '{"type":"ping","id":{}}'],
  ['an id that is too long', `{"type":"ping","id":"${'x'.repeat(65)}"}`],
  ['poisoned keys', '{"type":"test.echo","data":{"__proto__":{"text":"x"}}}'],
  ['poisoned keys further in', '{"type":"test.echo","data":{"text":"x","metadata":{"constructor":{"a":1}}}}'],
  ['depth', `{"type":"test.echo","data":${'{"a":'.repeat(8000)}1${'}'.repeat(8000)}}`],
  ['depth of lists', `{"type":"test.echo","data":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
  ['thousands of keys', `{"type":"test.echo","data":{${Array.from({ length: 6000 }, (_, i) => `"${i}":0`).join()}}}`],
  ['half a surrogate pair', '{"type":"test.echo","data":{"text":"\\ud800"}}'],
  ['NUL', '{"type":"test.echo","data":{"text":"\\u0000"}}'],
  ['a number for text', '{"type":"test.echo","data":{"text":1e400}}'],
];

/** Bytes after the upgrade that violate the WebSocket protocol; each closes its own connection and nothing else. */
const BAD_BYTES: [string, Buffer][] = [
  ['an unmasked frame', Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
  ['reserved bits', Buffer.from([0xf1, 0x80, 0, 0, 0, 0])],
  ['a reserved opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
  ['a ping of 126 bytes', Buffer.concat([Buffer.from([0x89, 0xfe, 0, 126, 0, 0, 0, 0]), Buffer.alloc(126)])],
  ['a fragmented ping', Buffer.from([0x09, 0x80, 0, 0, 0, 0])],
  ['close code 1005', Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed])],
  ['close code 999', Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe7])],
  ['a close of one byte', Buffer.from([0x88, 0x81, 0, 0, 0, 0, 0x03])],
  ['text that is no UTF-8', Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28])],
  ['a frame of 65 kB', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0xfe, 0, 0, 0, 0, 0])],
  ['a frame of 2^63 bytes', Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ['65 fragments', Buffer.concat(Array.from({ length: 66 }, (_, i) => fragment(i === 0 ? 0x01 : 0x00)))],
  ['a continuation of nothing', Buffer.from([0x80, 0x81, 0, 0, 0, 0, 0x20])],
];

/** Engine.IO messages that violate the Socket.IO protocol. */
const BAD_PACKETS: [string, string][] = [
  ['an unknown packet type', '49'],
  ['no payload', '42'],
  ['a payload that is no list', '42{"type":"ping"}'],
  ['an event without a name', '42[]'],
  ['an event named by an object', '42[{}]'],
  ['a reserved event', '42["disconnect"]'],
  ['a billion attachments', '4510000000-["test.echo",{"_placeholder":true,"num":0}]'],
  ['attachments that do not come', '451-["test.echo",{"_placeholder":true,"num":0}]42["ping"]'],
  ['a second CONNECT', '40{}'],
  ['an error of the client', '44{"message":"x"}'],
  ['a Engine.IO ping of the client', '2'],
  ['no Engine.IO packet', 'x'],
];

describe('a hostile client', () => {
  let server: RealtimeApp;
  let controlClients: [WebSocketClient, SocketIoClient];

  beforeAll(async () => {
    server = await startRealtimeApp();
    controlClients = [
      new WebSocketClient(server.port, '?token=bob:s1'),
      new SocketIoClient(server.port, { token: 'bob:s2' }),
    ];
    await Promise.all(controlClients.map((client) => client.first('live')));
  });

  /** Others are unaffected: the connections from before still work. */
  afterEach(async () => {
    for (const client of controlClients) expect(await client.request('ping')).toMatchObject({ ok: true });
  });

  afterAll(async () => {
    for (const client of controlClients) client.close();
    await server.close();
  });

  it.each(BAD_TEXTS)('receives an error for %s', async (_name, text) => {
    const client = new WebSocketClient(server.port, '?token=eve:s1');
    await client.first('live');
    client.socket.send(text);
    const { error } = await client.first('error');
    expect(['INVALID_FRAME', 'UNKNOWN_FRAME_TYPE', 'VALIDATION_ERROR']).toContain(error!.code);
    expect(await client.request('ping')).toMatchObject({ ok: true });
    client.close();
  });

  it('receives an error for a binary message', async () => {
    const client = new WebSocketClient(server.port, '?token=eve:s1');
    await client.first('live');
    client.socket.send(Buffer.from('{"type":"ping","id":"1"}'));
    expect((await client.first('error')).error!.code).toBe('INVALID_FRAME');
    client.close();
  });

  it('is disconnected after the eleventh invalid frame in ten seconds', async () => {
    const client = new WebSocketClient(server.port, '?token=eve:s1');
    await client.first('live');
    for (let sent = 0; sent < 11; sent++) client.socket.send('nonsense');
    expect((await client.closed).code).toBe(4305);
    expect(client.frames.filter(({ error }) => error?.code === 'INVALID_FRAME')).toHaveLength(11);
  });

  it.each(BAD_BYTES)('is disconnected after %s', async (_name, bytes) => {
    const connection = await upgrade(server.port);
    connection.socket.write(bytes);
    await connection.closed();
  });

  it('affects no other client with an incomplete frame', async () => {
    const { socket } = await upgrade(server.port);
    socket.write(Buffer.from([0x81, 0xfe, 0x10, 0x00, 0, 0, 0, 0, 0x7b]));
    expect(await controlClients[0].request('ping')).toMatchObject({ ok: true });
    socket.destroy();
  });

  it.each(BAD_PACKETS)('receives an error or is disconnected after %s in Socket.IO', async (_name, packet) => {
    const client = await admitted(server.port);
    const replied = client.reply('999');
    client.socket.send(packet);
    client.socket.send('42999["ping",{}]');
    await Promise.race([client.closed, replied]);
    client.close();
  });

  it.each([
    ['several arguments', ['test.echo', { text: 'a' }, { text: 'b' }]],
    ['none', ['test.echo']],
    ['a list', ['test.echo', []]],
    ['binary', ['test.echo', { text: Buffer.from('x') }]],
    ['binary further in', ['test.echo', { text: 'x', metadata: { a: Buffer.from('x') } }]],
    ['a poisoned key', ['test.echo', JSON.parse('{"text":"x","metadata":{"__proto__":{"a":1}}}') as object]],
    ['an unknown type', ['toString', {}]],
  ])('receives an error for an event of Socket.IO with %s', async (_name, [type, ...data]) => {
    const client = new SocketIoClient(server.port, { token: 'eve:s1' });
    await client.first('live');
    const reply = (await client.socket.emitWithAck(type as string, ...data)) as { ok: boolean };
    expect(reply.ok).toBe(false);
    expect(await client.request('ping')).toMatchObject({ ok: true });
    client.close();
  });

  it('is disconnected during a hundred thousand unknown namespaces', async () => {
    const client = await admitted(server.port);
    for (let sent = 0; sent < 100_000 && client.socket.readyState === client.socket.OPEN; sent++) {
      client.socket.send(`40/n${sent},`);
      if (sent % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await client.closed;
  });

  it.each([
    ['two CONNECTs in one turn', ['40', '40']],
    ['a CONNECT of each spelling', ['40/,', '40{}']],
    ['three of them', ['40', '40', '40']],
    ['leaving and coming back', ['40', '41', '40']],
    ['two with a blank for the digit', [' {}', ' {}'].map((packet) => `4${packet}`)],
    ['two of the bare slash', ['40/', '40/']],
    ['two that are spelt in two ways', ['40/,{}', '4\t/,{}']],
  ])('is disconnected after %s in Socket.IO, and nothing else happens', async (_name, packets) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket.io/?EIO=4&transport=websocket&token=eve:s1`);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    for (const packet of packets) socket.send(packet);
    await closed;
    const address = `http://127.0.0.1:${server.port}/socket.io/?EIO=4&transport=polling&token=eve:s1`;
    const session = `${address}&sid=${await openPolling(address)}`;
    const body = packets.join('\u001e');
    await request('POST', session, { body, headers: { 'content-type': 'text/plain' } });
    // A poll may return that it was the last one.
    const polls = [await request('GET', session), await request('GET', session)];
    expect(polls.at(-1)!.status).toBe(400);
  });

  it('is disconnected after invalid requests without acknowledgement as well', async () => {
    const client = new SocketIoClient(server.port, { token: 'eve:s1' });
    await client.first('live');
    for (let sent = 0; sent < 11; sent++) client.socket.emit('nothing', {});
    expect((await client.closed).code).toBe(4305);
  });
});

function fragment(opcode: number): Buffer {
  return Buffer.from([opcode, 0x81, 0, 0, 0, 0, 0x20]);
}

/** A connection after the upgrade, without a client library that would respect the protocol. */
async function upgrade(port: number): Promise<RawConnection> {
  const connection = new RawConnection(
    `http://127.0.0.1:${port}`,
    'GET /api/v1/realtime?token=eve:s1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  while (!(await connection.read()).includes('"live"')) continue;
  connection.socket.resume();
  return connection;
}

async function admitted(port: number): Promise<RawSocketIo> {
  const client = new RawSocketIo(port, 'eve:s1');
  await client.admitted;
  return client;
}
