import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { DiskStorage } from '../../src/modules/files/storage/disk-storage.js';
import { FilesFolderCheck } from '../../src/modules/files/storage/files-folder-check.js';
import { FilesFolderRepository } from '../../src/modules/files/storage/files-folder.repository.js';
import type { Config } from '../../src/platform/config/config.js';
import { filesDirOf, storedFilesDirOf } from '../../src/platform/config/directories.js';
import { pdf } from '../fixtures/sample-files.js';
import { FileWorld } from '../support/file-world.js';

describe('an installation with UPLOAD_DIR and ALLOWED_FILE_TYPES', () => {
  it('stores files in that directory, and rejects other types', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-uploads-'));
    const world = await FileWorld.start({ UPLOAD_DIR: folder, ALLOWED_FILE_TYPES: '.jpg,.pdf' });
    const john = await world.register('john');
    const accepted = await world.upload(john, { name: 'a.pdf', bytes: pdf(), type: 'application/pdf' });
    expect(accepted.status).toBe(201);
    await world.scanned(john, accepted.body.id as string);
    const text = { name: 'a.txt', bytes: Buffer.from('some text'), type: 'text/plain' };
    const refused = await world.upload(john, text);
    expect([refused.status, refused.body.error.code]).toEqual([415, 'INVALID_FILE_TYPE']);
    expect(refused.body.error.details.accepted).toEqual(['jpg', 'jpeg', 'jfif', 'jpe', 'pdf']);
    const kept = readdirSync(join(folder, 'stored'), { recursive: true, encoding: 'utf8' });
    expect(kept.filter((path) => path.includes(accepted.body.id as string))).toHaveLength(1);
    expect(existsSync(join(folder, 'incoming'))).toBe(true);
    expect(existsSync(join(world.config.dataDir, 'files'))).toBe(false);
    await world.stop();
    rmSync(folder, { recursive: true });
  });
});

describe('the directory of files', () => {
  let world: FileWorld;
  let folders: string;
  let own: string;
  let known: string;

  beforeAll(async () => {
    world = await FileWorld.start();
    folders = mkdtempSync(join(tmpdir(), 'parley-folders-'));
    own = filesDirOf(world.config);
    known = (await world.database.query<{ id: string }>('select id from file_folder'))[0]!.id;
    const user = await world.register('john');
    await world.ready(user, { name: 'a.pdf', type: 'application/pdf', category: 'document', bytes: pdf() });
  });
  afterAll(async () => {
    await world.stop();
    rmSync(folders, { recursive: true });
  });

  /** The errors that a process with this directory logs when it starts. */
  async function errorsWith(filesDir: string): Promise<unknown[]> {
    const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const config = Object.assign(Object.create(world.config) as Config, { filesDir });
    const repository = world.get(FilesFolderRepository);
    await new FilesFolderCheck(repository, new DiskStorage(storedFilesDirOf(config)), config).onApplicationBootstrap();
    const logged = errors.mock.calls.map(([message]) => message as unknown);
    errors.mockRestore();
    return logged;
  }
  const markIn = (folder: string): string => readFileSync(join(folder, 'folder-id'), 'utf8').trim();

  it('is marked with an id that the database knows, without an error', async () => {
    expect(markIn(own)).toBe(known);
    expect(await errorsWith(own)).toEqual([]);
  });

  it('is recognised by its files if it has no mark, and gets one', async () => {
    const restored = join(folders, 'restored');
    cpSync(join(own, 'stored'), join(restored, 'stored'), { recursive: true });
    expect(await errorsWith(restored)).toEqual([]);
    expect(markIn(restored)).toBe(known);
  });

  it('is reported as an error at the start if it is another one', async () => {
    const unshared = join(folders, 'unshared');
    expect(await errorsWith(unshared)).toEqual([expect.stringContaining(`FILES_DIR (${unshared}) is not the folder`)]);
    expect(existsSync(join(unshared, 'folder-id'))).toBe(false);
    mkdirSync(unshared);
    for (const mark of [randomUUID(), 'half of an i']) {
      writeFileSync(join(unshared, 'folder-id'), mark);
      expect(await errorsWith(unshared)).toEqual([expect.stringContaining(`write ${known} into`)]);
    }
  });
});
