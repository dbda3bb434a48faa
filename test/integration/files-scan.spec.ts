import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import { Clamd, ScannerUnavailable } from '../../src/modules/files/clamd.js';
import { ScanFile } from '../../src/modules/files/scan-file.js';
import { SCANS_QUEUE } from '../../src/modules/files/scans.queue.js';
import { FilesCleanupTask } from '../../src/modules/files/files-cleanup-task.js';
import { isoMedia, type SampleFile } from '../fixtures/sample-files.js';
import { FakeClamd } from '../support/doubles/fake-clamd.js';
import { FileWorld } from '../support/file-world.js';
import type { RegisteredUser } from '../support/users.js';

const note: SampleFile = { name: 'note.txt', type: 'text/plain', category: 'document', bytes: Buffer.from('a note') };

describe('the scan of a file', () => {
  let clamd: FakeClamd;
  let world: FileWorld;
  let ada: RegisteredUser;
  let bob: RegisteredUser;
  let group: string;

  beforeAll(async () => {
    clamd = await FakeClamd.start();
    world = await FileWorld.start({ CLAMAV_URL: clamd.url });
    [ada, bob] = [await world.register('ada'), await world.register('bob')];
    group = await world.group(ada, [bob]);
  });
  afterAll(async () => {
    await world.stop();
    await clamd.stop();
  });
  beforeEach(() => {
    clamd.mode = 'clean';
  });

  const statusOf = async (id: string): Promise<string> => (await ada.call('GET', `/files/${id}`)).body.status;

  it('sends every byte to the scanner before a client can download it', async () => {
    const film = isoMedia('isom', 'vide');
    const bytes = Buffer.concat([film.subarray(0, -1000), randomBytes(1000)]);
    await world.ready(ada, { name: 'a.mp4', type: 'video/mp4', category: 'video', bytes });
    expect(clamd.received.at(-1)!.equals(bytes)).toBe(true);
  });

  it('rejects what the scanner reports, and deletes it', async () => {
    clamd.mode = 'malware';
    const file = await world.ready(ada, note);
    expect(file).toMatchObject({ status: 'rejected', reason: 'MALWARE_DETECTED' });
    await world.storesOnly(file.id, []);
    const sent = await ada.call('POST', `/conversations/${group}/messages`, {
      content: 'x',
      attachment_ids: [file.id],
    });
    expect(sent.body.error.code).toBe('FILE_NOT_ATTACHABLE');
  });

  it('keeps the bytes of a file that is scanned twice at once', async () => {
    const file = await world.ready(ada, note);
    await world.database.query(`update files set status = 'scanning' where id = $1`, [file.id]);
    const scans = world.get(ScanFile);
    const scanned = await Promise.all([scans.scan(file.id), scans.scan(file.id)]);
    expect(scanned.filter((scanned) => scanned !== undefined)).toHaveLength(1);
    expect(world.filesOnDisk().filter((name) => name.startsWith(file.id))).not.toEqual([]);
    expect(await statusOf(file.id)).toBe('ready');
  });

  it('rejects what the scanner refuses to scan', async () => {
    clamd.mode = 'too large';
    expect(await world.ready(ada, note)).toMatchObject({ status: 'rejected', reason: 'SCAN_FAILED' });
  });

  it('rejects a file on which the scanner closes the connection every time, like one that is too large for it', async () => {
    clamd.mode = 'resets';
    const film = isoMedia('isom', 'vide');
    const box = Buffer.alloc(20_000_000);
    box.writeUInt32BE(box.length);
    box.write('free', 4, 'latin1');
    const sample = { name: 'a.mp4', type: 'video/mp4', category: 'video', bytes: Buffer.concat([film, box]) };
    expect(await world.ready(ada, sample)).toMatchObject({ status: 'rejected', reason: 'SCAN_FAILED' });
  });

  it.each(['hangs up', 'nonsense', 'away'] as const)(
    'withholds the file while the scanner is %s, and tries again',
    async (what) => {
      if (what === 'away') await clamd.stop();
      else clamd.mode = what;
      const scans = world.get(ScanFile);
      const { body } = await world.upload(ada, note);
      await expect(scans.scan(body.id as string)).rejects.toThrow();
      expect(await statusOf(body.id)).toBe('scanning');
      const early = await world.fetch(ada, body.url);
      expect([early.status, early.headers.get('retry-after')]).toEqual([409, '1']);
      if (what === 'away') await clamd.restart();
      else clamd.mode = 'clean';
      expect(await world.scanned(ada, body.id)).toMatchObject({ status: 'ready' });
    },
  );

  it('treats a scanner without a response in time as unavailable', async () => {
    clamd.mode = 'silent';
    const path = join(mkdtempSync(join(tmpdir(), 'parley-scan-')), 'note.txt');
    writeFileSync(path, note.bytes);
    await expect(new Clamd(clamd.url, 200).scan(path)).rejects.toEqual(new ScannerUnavailable('no response in time'));
    rmSync(dirname(path), { recursive: true });
  });

  it('notifies the uploader and, once the file is in a message, the conversation', async () => {
    const [anasSocket, bobsSocket] = [await ada.webSocket(), await bob.webSocket()];
    clamd.mode = 'nonsense';
    const { body: file } = await world.upload(ada, note);
    const sent = await ada.call('POST', `/conversations/${group}/messages`, { content: '', attachment_ids: [file.id] });
    expect(sent.body.attachments).toMatchObject([{ id: file.id, status: 'scanning' }]);
    expect((await world.fetch(bob, file.url)).status).toBe(409);
    clamd.mode = 'clean';
    const isAbout = ({ type, data }: { type: string; data: { file?: { id: string } } }): boolean =>
      type === 'file.scanned' && data.file?.id === file.id;
    expect((await anasSocket.first(isAbout)).data).toEqual({
      file: expect.objectContaining({ id: file.id, status: 'ready' }),
    });
    expect(await bobsSocket.first(isAbout)).toMatchObject({
      data: { message_id: sent.body.id, conversation_id: group, file: { id: file.id, status: 'ready' } },
    });
    expect((await world.fetch(bob, file.url)).status).toBe(200);
    expect((await bob.call('GET', `/messages/${sent.body.id}`)).body.attachments).toMatchObject([{ status: 'ready' }]);
  });

  it('gives up a file that crashed the scanner three times', async () => {
    clamd.mode = 'silent';
    const eve = await world.register('eve'); // the scan of one of the other files continues while the scanner is silent
    const { body } = await world.upload(eve, note);
    await world.database.query('update files set scans_begun = 3 where id = $1', [body.id]);
    await world.get(ScanFile).scan(body.id);
    expect((await eve.call('GET', `/files/${body.id}`)).body).toMatchObject({
      status: 'rejected',
      reason: 'SCAN_FAILED',
    });
  });

  it('is enqueued again if its job was lost', async () => {
    const file = await world.ready(ada, note);
    await world.database.query(
      `update files set status = 'scanning', status_at = now() - interval '1 hour' where id = $1`,
      [file.id],
    );
    await world.get(FilesCleanupTask).run({ isDryRun: false });
    expect((await world.scanned(ada, file.id)).status).toBe('ready');
  });

  it('accepts a job of the previous version, which contains only the file id', async () => {
    const file = await world.ready(ada, note);
    await world.database.query(`update files set status = 'scanning' where id = $1`, [file.id]);
    await world.app.get<Queue>(getQueueToken(SCANS_QUEUE), { strict: false }).add('scan', { fileId: file.id });
    expect((await world.scanned(ada, file.id)).status).toBe('ready');
  });
});
