import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pdf } from '../fixtures/sample-files.js';
import { startFileWorld } from '../support/file-world.js';

describe('an installation that says where files go, and which it takes', () => {
  it('keeps them there, and refuses the others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-uploads-'));
    const world = await startFileWorld({ UPLOAD_DIR: folder, ALLOWED_FILE_TYPES: '.jpg,.pdf' });
    const john = await world.chat.user('john');
    const taken = await world.upload(john, { name: 'a.pdf', bytes: pdf(), type: 'application/pdf' });
    expect(taken.status).toBe(201);
    await world.scanned(john, taken.body.id as string);
    const text = { name: 'a.txt', bytes: Buffer.from('some text'), type: 'text/plain' };
    const refused = await world.upload(john, text);
    expect([refused.status, refused.body.error.code]).toEqual([415, 'INVALID_FILE_TYPE']);
    expect(refused.body.error.details.accepted).toEqual(['jpg', 'jpeg', 'jfif', 'jpe', 'pdf']);
    const kept = readdirSync(join(folder, 'stored'), { recursive: true, encoding: 'utf8' });
    expect(kept.filter((path) => path.includes(taken.body.id as string))).toHaveLength(1);
    expect(existsSync(join(folder, 'incoming'))).toBe(true);
    expect(existsSync(join(world.chat.app.config.dataDir, 'files'))).toBe(false);
    await world.stop();
    rmSync(folder, { recursive: true });
  });
});
