import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { UploadSettings } from '../../src/modules/files/upload.interceptor.js';
import { UploadsInProgress } from '../../src/modules/files/uploads-in-progress.js';
import { ResumeSemaphore } from '../../src/platform/realtime/resume/resume.js';
import { picture } from '../fixtures/sample-files.js';
import { request } from '../support/client/http.js';
import { exchange } from '../support/client/raw.js';
import { refusedWith, WebSocketClient } from '../support/client/web-socket.js';
import { FakeClamd } from '../support/doubles/fake-clamd.js';
import { type BegunUpload, FileWorld } from '../support/file-world.js';
import { type RealtimeApp, startRealtimeApp } from '../support/realtime-app.js';
import { hasRedis, RedisServer } from '../support/redis-server.js';
import type { RegisteredUser, User } from '../support/users.js';
import { World } from '../support/world.js';

const GREEDY_ADDRESS = '127.0.0.2';

describe('the capacity of a process', () => {
  describe('for new sockets', () => {
    let server: RealtimeApp;

    beforeAll(async () => {
      server = await startRealtimeApp({ upgradesPerSecond: 150 }, { RATE_LIMIT_MULTIPLIER: '1' });
    });
    afterAll(() => server.close());

    it('is limited for each IP address: 400 attempts of one leave the share of others', async () => {
      const path = '/api/v1/realtime';
      const clients = Array.from(
        { length: 400 },
        () => new WebSocketClient(server.port, '', { localAddress: GREEDY_ADDRESS }),
      );
      const answers = await Promise.all(
        clients.map(({ opened, refused }) => Promise.race([refused, opened.then(() => 101)])),
      );
      expect(answers.filter((status) => status === 101)).toHaveLength(100);
      expect(new Set(answers)).toEqual(new Set([101, 429]));

      const otherClient = new WebSocketClient(server.port, '?token=ann:s1');
      await otherClient.first('live');
      otherClient.close();
      expect(await refusedWith(server.port, path, { localAddress: GREEDY_ADDRESS })).toBe(429);
      for (const client of clients) client.close();
    });
  });

  describe('for documents and the event log', () => {
    let world: World;

    beforeAll(async () => {
      world = await World.start({ RATE_LIMIT_MULTIPLIER: '1' });
    });
    afterAll(() => world.stop());

    // Compressed, as browsers ask for it: 300 documents of a megabyte each would take seconds. Node ends idle requests
    // after five seconds by default, which is less than 320 simultaneous ones may wait.
    const statusOf = async (path: string, localAddress: string): Promise<number> => {
      const headers = { 'accept-encoding': 'gzip' };
      return (await exchange(world.url, { method: 'GET', path, localAddress, headers, timeout: 60_000 })).status;
    };

    it('is limited for each IP address without an account: others get the API documents', async () => {
      const paths = ['/openapi.json', '/asyncapi.json'];
      const answers = await Promise.all(
        Array.from({ length: 320 }, (_none, index) => statusOf(paths[index % paths.length]!, GREEDY_ADDRESS)),
      );
      expect(answers.filter((status) => status === 200)).toHaveLength(300);
      expect(new Set(answers)).toEqual(new Set([200, 429]));
      for (const path of paths) expect(await statusOf(path, '127.0.0.1')).toBe(200);
    });

    it('is limited for each account that resumes from far behind on many sockets: others are served', async () => {
      const [greedy, otherClient] = await world.users(2);
      const cursorOf = async (actor: User): Promise<string> =>
        encodeURIComponent((await actor.call('GET', '/sync')).body.cursor as string);
      const groupId = await world.group(greedy, [otherClient]);
      const cursor = await cursorOf(greedy);
      await world.database.query(
        `with m as (
           insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at)
           select gen_random_uuid(), $1, n, n + last_seq, $2, 'text', repeat('x', 4000), now()
             from stream_heads, generate_series(1, 290) n where stream_id = $1 returning id, seq
         ), e as (
           insert into events (stream_id, seq, type, actor_id, subject_id, at)
           select $1, seq, 'message.created', $2, id, now() from m
         )
         update stream_heads set last_seq = last_seq + 290, last_number = 290, last_xid = pg_current_xact_id()
          where stream_id = $1`,
        [groupId, greedy.userId],
      );
      const port = world.port;
      const clients = Array.from({ length: 30 }, () => {
        const query = `?cursor=${cursor}&token=${greedy.token}`;
        return new WebSocketClient(port, query, { localAddress: GREEDY_ADDRESS });
      });
      const answers = await Promise.all(
        clients.map((client) =>
          Promise.race([client.first('live').then(() => 'live'), client.refused.then(() => 'refused')]),
        ),
      );
      expect(answers.filter((answer) => answer === 'live')).toHaveLength(10);
      const [first] = clients.filter((_client, index) => answers[index] === 'live');
      expect(first!.frames.filter(({ type, replay }) => type === 'message.created' && replay)).toHaveLength(290);
      const other = await otherClient.webSocket(await cursorOf(otherClient));
      for (const client of [...clients, other]) client.close();
    });

    it('is half used by accounts that resume at once: other requests are served', async () => {
      const actors = await world.users(12);
      const [otherClient, ...returning] = actors as [User, ...User[]];
      const groupId = await world.group(
        otherClient,
        returning.map((actor) => [actor, 'participant']),
      );
      const cursors: string[] = [];
      for (const actor of returning) cursors.push((await actor.call('GET', '/sync')).body.cursor as string);
      await otherClient.call('POST', `/conversations/${groupId}/messages`, { content: 'missed' });
      const admission = world.get(ResumeSemaphore);
      const run = admission.run.bind(admission);
      let begin!: () => void;
      const begun = new Promise<void>((resolve) => (begin = resolve));
      let reading = 0;
      const resumes = jest.spyOn(admission, 'run').mockImplementation(async (read) => {
        await begun;
        return run(() => {
          reading++;
          return read().finally(() => reading--);
        });
      });
      const back = returning.map((actor, index) => actor.webSocket(encodeURIComponent(cursors[index]!)));
      while (resumes.mock.calls.length < returning.length) await setImmediate();
      // Held for the time of one request: a statement that waits ends after five seconds.
      const lock = new pg.Client({ connectionString: world.database.url });
      await lock.connect();
      await lock.query('begin; lock table events in access exclusive mode');
      try {
        begin();
        while (reading === 0) await setImmediate();
        expect((await otherClient.call('GET', '/users/me')).status).toBe(200);
        expect(reading).toBe(world.config.databasePoolSize / 2);
      } finally {
        await lock.end();
      }
      const clients = await Promise.all(back);
      for (const client of clients) {
        expect((await client.first('message.created')).replay).toBe(true);
        client.close();
      }
    });
  });

  describe('for uploads', () => {
    const note = { name: 'note.txt', type: 'text/plain', bytes: Buffer.from('a note') };
    const HEAD = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n';
    let world: FileWorld;
    let uploads: UploadsInProgress;
    let settings: UploadSettings;
    let greedy: RegisteredUser;
    let other: RegisteredUser;
    let otherClient: RegisteredUser;

    beforeAll(async () => {
      world = await FileWorld.start({ FILE_UPLOADS_PER_PROCESS: '7', FILE_QUOTA_BYTES: '4000000' });
      uploads = world.get(UploadsInProgress);
      settings = world.get(UploadSettings);
      settings.lingerMs = 1000;
      [greedy, other] = [await world.register('greedy'), await world.register('other')];
      otherClient = await world.register('modest');
    });
    afterAll(() => world.stop());
    afterEach(() => untilInProgress(0));

    const untilInProgress = async (count: number): Promise<void> => {
      while (uploads.total !== count) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const begin = (user: RegisteredUser, count: number, length = 700_000): BegunUpload[] =>
      Array.from({ length: count }, () => world.beginUpload(user, length));
    /** Sends some bytes now and then while the connection is open. */
    const trickle = ({ socket }: BegunUpload): void => {
      const timer = setInterval(() => socket.write('x'.repeat(2000)), 50);
      socket.once('close', () => clearInterval(timer)).write(HEAD);
    };

    it('is limited to five for each account, whose further uploads are refused at once, while others upload', async () => {
      const held = begin(greedy, 5);
      for (const upload of held) trickle(upload);
      await untilInProgress(5);
      const refused = begin(greedy, 12);
      for (const upload of refused) trickle(upload);
      for (const { answer } of refused) {
        expect(await answer).toMatch(/^HTTP\/1\.1 429 .*\r\nRetry-After: 5\r\n.*"code":"TOO_MANY_UPLOADS"/s);
        expect(await answer).toContain('Connection: close');
      }
      expect(uploads.total).toBe(5);
      expect((await world.upload(otherClient, note)).status).toBe(201);
      const { status, body } = await world.upload(greedy, note);
      expect([status, body.error.details.limit]).toEqual([429, 5]);
      for (const { socket } of held) socket.destroy();
      await untilInProgress(0);
      expect((await world.upload(greedy, note)).status).toBe(201);
    });

    it('is limited for the process, over all accounts', async () => {
      const held = [...begin(greedy, 5), ...begin(other, 2)];
      for (const upload of held) trickle(upload);
      await untilInProgress(7);
      const { status, headers, body } = await world.upload(otherClient, note);
      expect([status, headers.get('retry-after'), body.error.details.limit]).toEqual([429, '5', undefined]);
      held[0]!.socket.destroy();
      await untilInProgress(6);
      expect((await world.upload(otherClient, note)).status).toBe(201);
      for (const { socket } of held) socket.destroy();
    });

    it('counts announced bytes, and bytes without a length, against the quota during the upload', async () => {
      const reserving = jest.spyOn(uploads, 'reserve');
      const untilReserved = async (): Promise<void> => {
        while (reserving.mock.results.length === 0) await setImmediate();
        await reserving.mock.results[0]!.value;
      };
      const [first] = begin(greedy, 1, 2_500_000);
      trickle(first!);
      await untilReserved();
      const [second] = begin(greedy, 1, 2_500_000);
      expect(await second!.answer).toMatch(/^HTTP\/1\.1 409 .*"code":"FILE_QUOTA_EXCEEDED"/s);

      const chunked = world.beginUpload(greedy);
      const chunk = (bytes: string): string => `${bytes.length.toString(16)}\r\n${bytes}\r\n`;
      chunked.socket.write(chunk(HEAD) + chunk('x'.repeat(2_000_000)));
      expect(await chunked.answer).toMatch(/^HTTP\/1\.1 409 .*"code":"FILE_QUOTA_EXCEEDED"/s);
      const small = await request('POST', `${world.url}/api/v1/files`, {
        token: greedy.token,
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: new Blob([`${HEAD}a note\r\n--b--\r\n`]).stream(),
      });
      expect(small.status).toBe(201);

      first!.socket.destroy();
      await untilInProgress(0);
      reserving.mockClear();
      const [third] = begin(greedy, 1, 2_500_000);
      trickle(third!);
      await untilReserved();
      third!.socket.destroy();
      reserving.mockRestore();
    });

    it('is released however an upload ends', async () => {
      const answered = async (status: number, answer: Promise<{ status: number } | string>): Promise<void> => {
        const said = await answer;
        expect(typeof said === 'string' ? Number(said.split(' ')[1]) : said.status).toBe(status);
        await untilInProgress(0);
      };
      await answered(201, world.upload(greedy, note));
      await answered(415, world.upload(greedy, { ...note, name: 'a.exe' }));
      await answered(400, world.upload(greedy, { ...note, name: '' }));
      await answered(413, world.beginUpload(greedy, 10_000_000_000).answer);
      const { graceMs, checkMs } = settings;
      Object.assign(settings, { graceMs: 300, checkMs: 100 });
      await answered(408, world.beginUpload(greedy, 10_000).answer);
      Object.assign(settings, { graceMs, checkMs });

      const [gone] = begin(greedy, 1);
      trickle(gone!);
      await untilInProgress(1);
      gone!.socket.destroy();
      await untilInProgress(0);

      // Closed while the request passes the checks before its body is read.
      for (let cycle = 0; cycle < 20; cycle++) {
        const uploads = begin(greedy, 5);
        await new Promise((resolve) => setTimeout(resolve, cycle % 7));
        for (const { socket } of uploads) socket.destroy();
      }
      await untilInProgress(0);
      expect((await world.upload(greedy, note)).status).toBe(201);
    });
  });

  const queues = [['PostgreSQL'], ...(hasRedis ? [['Redis']] : [])];
  describe.each(queues)('for scans of files, queued in %s', (store) => {
    let clamd: FakeClamd;
    let redis: RedisServer | undefined;
    let world: FileWorld;

    beforeAll(async () => {
      clamd = await FakeClamd.start();
      clamd.mode = 'holds';
      redis = store === 'Redis' ? await RedisServer.start() : undefined;
      world = await FileWorld.start({ CLAMAV_URL: clamd.url, ...(redis && { REDIS_URL: redis.url }) });
    });
    afterAll(async () => {
      await world.stop();
      await clamd.stop();
      await redis?.halt();
    });

    it('is shared by taking turns: a picture of another account is ready while 30 files of greedy ones wait', async () => {
      const [greedy, other, otherClient] = [
        await world.register('greedy'),
        await world.register('other'),
        await world.register('modest'),
      ];
      const scanned = async (count: number): Promise<void> => {
        while (clamd.received.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      const png = await picture().png().toBuffer();
      const photo = { name: 'photo.png', type: 'image/png', category: 'image', bytes: png } as const;
      for (let i = 0; i < 15; i++) {
        for (const user of [greedy, other]) expect((await world.upload(user, photo)).status).toBe(201);
        // The workers are busy before anything else is queued.
        if (i === 0) await scanned(2);
      }
      const portrait = { ...photo, bytes: await picture().negate().png().toBuffer() };
      const { body } = await world.upload(otherClient, portrait);
      clamd.release(1);
      await scanned(3);
      expect(clamd.received[2]!.equals(portrait.bytes)).toBe(true);

      clamd.release(2);
      expect(await world.scanned(otherClient, body.id as string)).toMatchObject({ status: 'ready', width: 64 });
      const counts = `select status, count(*)::int as files from files group by status order by status`;
      const [ready, waiting] = await world.database.query<{ status: string; files: number }>(counts);
      expect([ready!.status, waiting!.status]).toEqual(['ready', 'scanning']);
      expect(waiting!.files).toBeGreaterThanOrEqual(26);

      clamd.mode = 'clean';
      clamd.release(30);
      let counted;
      do counted = await world.database.query(counts);
      while (counted.length > 1);
      expect(counted).toEqual([{ status: 'ready', files: 31 }]);
    });
  });
});
