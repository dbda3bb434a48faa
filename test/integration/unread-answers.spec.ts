import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { FileStorage } from '../../src/modules/files/storage/file-storage.js';
import { isoMedia } from '../fixtures/sample-files.js';
import { send } from '../support/client/http.js';
import { RawConnection } from '../support/client/raw.js';
import { FileWorld } from '../support/file-world.js';
import type { RegisteredUser, User } from '../support/users.js';

const PATIENCE_MS = 1500;
/** More than the buffers of a connection hold. */
const FILM_BYTES = 16_000_000;

/** The chunks of `source`, with pauses. */
async function* slowly(source: AsyncIterable<Uint8Array>, pauseMs: number, pauses: number): AsyncGenerator<Uint8Array> {
  let [got, paused] = [0, 0];
  for await (const chunk of source) {
    yield chunk;
    got += chunk.length;
    if (pauseMs === 0 || got < (paused + 1) * 1_000_000 || paused === pauses) continue;
    paused++;
    await delay(pauseMs);
  }
}

describe('a response that the client does not read', () => {
  let world: FileWorld;
  let ada: RegisteredUser;
  let film: { url: string };
  /** The server's ends of connections. */
  let closes: Promise<unknown>[] = [];

  beforeAll(async () => {
    world = await FileWorld.start();
    ada = await world.register('ada');
    const box = randomBytes(FILM_BYTES);
    box.writeUInt32BE(box.length);
    box.write('free', 4, 'latin1');
    const bytes = Buffer.concat([isoMedia('isom', 'vide'), box]);
    film = await world.ready(ada, { name: 'a.mp4', type: 'video/mp4', category: 'video', bytes });
    (world.app.getHttpServer() as Server).on('connection', (socket) => {
      closes.push(once(socket, 'close'));
      const setTimeout = socket.setTimeout.bind(socket);
      socket.setTimeout = (ms, listener) => setTimeout(Math.min(ms, PATIENCE_MS), listener);
    });
  }, 120_000);
  afterAll(() => world.stop());
  beforeEach(() => {
    closes = [];
  });

  /** Sends a request, waits until the response begins, and reads none of it. */
  async function ask(path: string, token: string): Promise<Socket> {
    const head = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const { socket } = new RawConnection(world.url, head);
    await once(socket, 'readable');
    return socket;
  }
  const exportAs = (who: User): Promise<Response> =>
    send('GET', `${world.url}/api/v1/admin/users/${ada.id}/export`, {
      token: who.token,
      headers: { connection: 'close' },
    });

  it('is aborted, and its file is closed', async () => {
    const opened = jest.spyOn(world.get(FileStorage), 'open');
    const socket = await ask(film.url, ada.token);
    const stream = (await opened.mock.results[0]!.value) as Readable;
    if (!stream.closed) await once(stream, 'close').catch(() => undefined);
    await Promise.all(closes);
    socket.destroy();
    opened.mockRestore();
  });

  it.each(['read', 'made'])('is not confused with one that is %s slowly', async (what) => {
    const storage = world.get(FileStorage);
    const open = storage.open.bind(storage);
    const opened = jest.spyOn(storage, 'open').mockImplementation(async (key) => {
      const stream = await open(key);
      return what === 'made' ? Readable.from(slowly(stream, 2 * PATIENCE_MS, 1), { objectMode: false }) : stream;
    });
    const { body } = await world.fetch(ada, film.url);
    let got = 0;
    for await (const chunk of slowly(body!, what === 'read' ? PATIENCE_MS / 5 : 0, 12)) got += chunk.length;
    expect(got).toBeGreaterThan(FILM_BYTES);
    opened.mockRestore();
  });

  it('blocks exports of others only until it is aborted, and a user has one export at a time', async () => {
    const [first, second, third, fourth, fifth] = await Promise.all(
      Array.from({ length: 5 }, () => world.user({ role: 'admin' })),
    );
    const path = `/api/v1/admin/users/${ada.id}/export`;
    const sockets = [await ask(path, first!.token)];
    const again = await exportAs(first!);
    expect([again.status, again.headers.get('retry-after')]).toEqual([503, '30']);
    for (const admin of [second!, third!, fourth!]) sockets.push(await ask(path, admin.token));
    expect((await exportAs(fifth!)).status).toBe(503);
    await Promise.all(closes);
    const answer = await exportAs(fifth!);
    expect(answer.status).toBe(200);
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(FILM_BYTES);
    for (const socket of sockets) socket.destroy();
  });
});
