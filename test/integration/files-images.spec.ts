import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { ImageProcessSettings, ImageRenderer } from '../../src/modules/files/image-renderer.js';
import type { RenderTask } from '../../src/modules/files/render-image.js';
import { FROM_SOURCES } from '../support/file-world.js';

describe('an image is decoded in a process of its own', () => {
  let folder: string;
  let large: string;
  const renderers: ImageRenderer[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-images-'));
    large = join(folder, 'large.jpg');
    await sharp({ create: { width: 6000, height: 5000, channels: 3, background: 'red' } })
      .withMetadata({ orientation: 6 }) // to be turned it must be in memory as a whole
      .jpeg({ progressive: true })
      .toFile(large);
  });
  afterEach(() => renderers.splice(0).forEach((renderer) => renderer.onModuleDestroy()));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function renderer(settings: Partial<ImageProcessSettings> = {}): ImageRenderer {
    const made = new ImageRenderer(Object.assign(new ImageProcessSettings(), FROM_SOURCES, settings));
    renderers.push(made);
    return made;
  }

  /** A process of another program, which is told to decode as well. */
  function pretender(name: string, code: string): Partial<ImageProcessSettings> {
    const entry = join(folder, `${name}.mjs`);
    writeFileSync(entry, code);
    return { entry, nodeOptions: [], environment: {} };
  }

  const task = (path = large): RenderTask => ({
    path,
    type: 'image/jpeg',
    target: join(folder, 'out.part'),
    thumbnail: join(folder, 'small.part'),
  });

  it('that has the memory it needs', async () => {
    expect(await renderer().render(task())).toMatchObject({ width: 5000, height: 6000 });
  });

  it('that is ended when the image takes more', async () => {
    const small = renderer({ memoryBytes: 200 * 1024 * 1024 });
    await expect(small.render(task())).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
      details: { reason: 'takes too much memory' },
    });
    const modest = join(folder, 'modest.jpg');
    await sharp({ create: { width: 60, height: 50, channels: 3, background: 'red' } }).toFile(modest);
    expect(await small.render(task(modest))).toMatchObject({ width: 60 });
  });

  it('that is ended when the image takes too long', async () => {
    const slow = renderer({ ...pretender('slow', `process.on('message', () => { for (;;); })`), timeoutMs: 300 });
    await expect(slow.render(task())).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
      details: { reason: 'takes too long' },
    });
  });

  it('that may break without breaking anything else', async () => {
    const marker = join(folder, 'broken-once');
    const code = `import { existsSync, writeFileSync } from 'node:fs';
      process.on('message', () => {
        if (existsSync(${JSON.stringify(marker)})) return process.send({ image: { width: 1 } });
        writeFileSync(${JSON.stringify(marker)}, '');
        process.abort();
      });`;
    const fragile = renderer(pretender('fragile', code));
    await expect(fragile.render(task())).rejects.toThrow('decoding ended: SIGABRT');
    expect(await fragile.render(task())).toEqual({ width: 1 });
  });

  it('that knows no secrets', async () => {
    process.env.TEST_SECRET = 'a secret of the server';
    const curious = renderer(
      pretender('curious', `process.on('message', () => process.send({ image: Object.keys(process.env) }));`),
    );
    const known = (await curious.render(task())) as unknown as string[];
    expect(known.filter((name) => !name.startsWith('NODE_CHANNEL_'))).toEqual([]);
  });

  it('that is used again, and ends with the server', async () => {
    const code = `process.on('message', () => process.send({ image: process.pid }));`;
    const two = renderer({ ...pretender('pid', code), imagesEach: 2 });
    const pids: unknown[] = [await two.render(task()), await two.render(task()), await two.render(task())];
    expect(pids[0]).toBe(pids[1]);
    expect(pids[2]).not.toBe(pids[1]);
    two.onModuleDestroy();
    while (isAlive(pids[2] as number)) await new Promise((resolve) => setTimeout(resolve, 10));
    await expect(two.render(task())).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('that ends with the server, however that ended', async () => {
    const { entry } = new ImageProcessSettings();
    const { nodeOptions, environment } = FROM_SOURCES;
    const child = fork(entry, ['800000000'], { execArgv: nodeOptions, env: environment });
    child.send(task());
    await once(child, 'message');
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });

  function isAlive(pid: number): boolean {
    return readdirSync('/proc').includes(String(pid));
  }
});
