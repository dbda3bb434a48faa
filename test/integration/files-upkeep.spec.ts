import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FilesCleanupTask } from '../../src/modules/files/files-cleanup-task.js';
import { TempUploads } from '../../src/modules/files/storage/temp-uploads.js';
import { FilesRepository } from '../../src/modules/files/files.repository.js';
import { type Queryable, Sql } from '../../src/platform/database/sql.js';
import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import type { SampleFile } from '../fixtures/sample-files.js';
import { RawConnection } from '../support/client/raw.js';
import { FileWorld } from '../support/file-world.js';
import { createTestDatabase } from '../support/test-database.js';
import { startProcess } from '../support/test-process.js';
import { register, type RegisteredUser } from '../support/users.js';

const note: SampleFile = { name: 'note.txt', type: 'text/plain', category: 'document', bytes: Buffer.from('a note') };

describe('the cleanup of files', () => {
  let world: FileWorld;
  let ada: RegisteredUser;
  let group: string;
  let cleanup: FilesCleanupTask;

  beforeAll(async () => {
    world = await FileWorld.start({ SCHEDULE_DRY_RUN: 'true' }); // the tests run the schedule
    ada = await world.register('ada');
    group = await world.group(ada, [await world.register('bob')]);
    cleanup = world.get(FilesCleanupTask);
  });
  afterAll(() => world.stop());

  const age = (id: string, hours: number): Promise<unknown> =>
    world.database.query(`update files set uploaded_at = now() - $2 * interval '1 hour' where id = $1`, [id, hours]);
  const send = (ids: string[]): ReturnType<RegisteredUser['call']> =>
    ada.call('POST', `/conversations/${group}/messages`, { content: '', attachment_ids: ids });
  const countUnattached = async (): Promise<number> =>
    (await world.database.query(`select from files where shown_in is null and uploaded_at < now() - interval '1 day'`))
      .length;
  const bytesOf = (id: string): string[] => world.filesOnDisk().filter((name) => name.startsWith(id));

  it('deletes files without a message a day after their upload, and nothing else', async () => {
    const [old, young, shown] = [
      await world.ready(ada, note),
      await world.ready(ada, note),
      await world.ready(ada, note),
    ];
    await send([shown.id]);
    for (const [id, hours] of [
      [old.id, 25],
      [young.id, 23],
      [shown.id, 1000],
    ] as const)
      await age(id, hours);
    await cleanup.run({ isDryRun: false });
    expect((await ada.call('GET', `/files/${old.id}`)).status).toBe(404);
    expect(bytesOf(old.id)).toEqual([]);
    for (const { id, url } of [young, shown]) {
      expect([id, (await world.fetch(ada, url)).status]).toEqual([id, 200]);
    }
  });

  it('keeps a file that is scheduled to be sent while the cleanup looks for old ones', async () => {
    const { id } = await world.ready(ada, note);
    await age(id, 25);
    const path = `/conversations/${group}/scheduled-messages`;
    const { body } = await ada.call('POST', path, { content: 'later', send_at: '2100-01-01T00:00:00Z' });
    const sql = world.get(Sql);
    const transaction = jest.spyOn(sql, 'transaction').mockImplementation(async (work) => {
      transaction.mockRestore();
      return sql.transaction(async (tx) => {
        const many: Queryable['many'] = async (statement, values) => {
          const rows = await tx.many(statement, values);
          // It was committed after the search had begun, and before the search locked the file.
          await world.database.query(
            `update scheduled_messages set send = send || jsonb_build_object('attachment_ids', jsonb_build_array($2::text)) where id = $1`,
            [body.id, id],
          );
          return rows;
        };
        return work({ many, one: tx.one.bind(tx), run: tx.run.bind(tx) });
      });
    });
    await world.get(FilesRepository).releaseOrphans(1000);
    expect((await ada.call('GET', `/files/${id}`)).status).toBe(200);
    await ada.call('DELETE', `/scheduled-messages/${body.id}`);
  });

  it.each([
    ['after', true],
    ['before', false],
  ])(
    'deletes files of a deleted message and a deleted conversation, released %s they were examined',
    async (_when, isLate) => {
      const [file, other] = [await world.ready(ada, note), await world.ready(ada, note)];
      const { body } = await send([file.id]);
      const conversation = await world.group(ada);
      await ada.call('POST', `/conversations/${conversation}/messages`, { content: '', attachment_ids: [other.id] });
      for (const { id } of [file, other]) await age(id, 1000);
      if (isLate) {
        await cleanup.run({ isDryRun: false });
        expect(await countUnattached()).toBe(0);
      }
      await ada.call('DELETE', `/messages/${body.id}`);
      await ada.call('DELETE', `/conversations/${conversation}`);
      expect(await cleanup.run({ isDryRun: true })).toMatchObject({ let_go: 2 });
      await cleanup.run({ isDryRun: false });
      expect(bytesOf(file.id).concat(bytesOf(other.id))).toEqual([]);
      expect(await world.database.query('select 1 from files where id = any($1)', [[file.id, other.id]])).toEqual([]);
    },
  );

  it('deletes files whose upload was interrupted after the row was written', async () => {
    const file = await world.ready(ada, note);
    await world.database.query(
      `update files set status = 'pending', status_at = now() - interval '2 hours' where id = $1`,
      [file.id],
    );
    await cleanup.run({ isDryRun: false });
    expect(bytesOf(file.id)).toEqual([]);
    expect((await ada.call('GET', `/files/${file.id}`)).status).toBe(404);
  });

  it('is scheduled, and only counts in a dry run', async () => {
    const file = await world.ready(ada, note);
    await age(file.id, 25);
    const schedule = world.get(ScheduledTasks);
    expect(await schedule.run('files', { isDryRun: true })).toEqual({
      let_go: 1,
      removed: 1,
      rescanned: 0,
      broken: 0,
      expired: 0,
    });
    expect((await ada.call('GET', `/files/${file.id}`)).status).toBe(200);
    expect(await schedule.run('files', { isDryRun: false })).toEqual({
      let_go: 1,
      removed: 1,
      rescanned: 0,
      broken: 0,
      expired: 0,
    });
    expect((await ada.call('GET', `/files/${file.id}`)).status).toBe(404);
  });

  it('deletes partial files of a process that was killed during uploads', async () => {
    const database = await createTestDatabase();
    const directory = mkdtempSync(join(tmpdir(), 'parley-killed-'));
    const environment = {
      NODE_ENV: 'test',
      PORT: '0',
      HOST: '127.0.0.1',
      DATA_DIR: directory,
      DATABASE_URL: database.url,
      BCRYPT_COST: '4',
      RATE_LIMIT_MULTIPLIER: '100000',
    };
    const first = startProcess('dist/src/main.js', environment);
    const [, url = ''] = await first.printed(/REST\s+(http:\/\/localhost:\d+)/);
    const { token } = await register(url, 'eve');
    const uploads = Array.from({ length: 5 }, () => halfUpload(url, token));
    const incoming = join(directory, 'files', 'incoming');
    while (readdirSync(incoming).length < 5) await new Promise((resolve) => setTimeout(resolve, 20));
    await first.end('SIGKILL');
    for (const { socket } of uploads) socket.destroy();
    expect(readdirSync(incoming)).toHaveLength(5);
    expect(await database.query('select 1 from files')).toEqual([]);
    const anHourAgo = Date.now() / 1000 - 3600;
    for (const name of readdirSync(incoming).slice(1)) utimesSync(join(incoming, name), anHourAgo, anHourAgo);
    const second = startProcess('dist/src/main.js', environment);
    await second.printed(/REST\s+http/);
    // A file that was written a moment ago may be the upload of another process.
    while (readdirSync(incoming).length > 1) await new Promise((resolve) => setTimeout(resolve, 20));
    await second.end('SIGTERM');
    await new TempUploads({ dataDir: directory } as never).removeAbandoned(0);
    expect(readdirSync(incoming)).toEqual([]);
    expect(existsSync(join(directory, 'files', 'stored'))).toBe(false);
    rmSync(directory, { recursive: true, force: true });
    await database.drop();
  }, 120_000);

  function halfUpload(url: string, token: string): RawConnection {
    return new RawConnection(
      url,
      `POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n${'x'.repeat(100_000)}`,
    );
  }
});
