import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'blurhash';
import sharp from 'sharp';
import { FileProcesses, FileProcessSettings } from '../../src/modules/files/file-processes.js';
import { greenPicture, phonePicture } from '../fixtures/sample-files.js';

describe('the process that decodes an image', () => {
  let folder: string;
  let large: string;
  const made: FileProcesses[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-images-'));
    large = join(folder, 'large.jpg');
    await sharp({ create: { width: 6000, height: 5000, channels: 3, background: 'red' } })
      .withMetadata({ orientation: 6 }) // to be rotated it must be in memory as a whole
      .jpeg({ progressive: true })
      .toFile(large);
  });
  afterEach(() => made.splice(0).forEach((one) => one.onModuleDestroy()));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function processes(settings: Partial<FileProcessSettings> = {}): FileProcesses {
    made.push(new FileProcesses(Object.assign(new FileProcessSettings(), settings)));
    return made.at(-1)!;
  }

  /** A process of another program in place of the decoder. */
  function replacement(name: string, code: string): Partial<FileProcessSettings> {
    const entry = join(folder, `${name}.mjs`);
    writeFileSync(entry, code);
    return { entry, nodeOptions: [], environment: {} };
  }

  const task = (path = large) => ({
    kind: 'render' as const,
    path,
    type: 'image/jpeg',
    target: join(folder, 'out.part'),
    thumbnails: {
      small: join(folder, 'small.part'),
      medium: join(folder, 'medium.part'),
      large: join(folder, 'large.part'),
      full: join(folder, 'full.part'),
    },
  });

  it('has the memory it needs', async () => {
    expect(await processes().run(task())).toMatchObject({ width: 5000, height: 6000 });
  });

  it('shows each of two HEIC pictures as itself, also at the same paths', async () => {
    const path = join(folder, 'picture.heic');
    const one = processes();
    for (const [picture, isGreen] of [
      [phonePicture(), false],
      [greenPicture(), true],
    ] as const) {
      writeFileSync(path, picture);
      const { blurhash } = await one.run({ ...task(path), type: 'image/heic' });
      const colours: Iterable<number>[] = [decode(blurhash!, 1, 1)];
      for (const name of ['small.part', 'full.part']) {
        colours.push(
          await sharp(readFileSync(join(folder, name)))
            .resize(1, 1)
            .raw()
            .toBuffer(),
        );
      }
      const areGreen = colours.map(([red = 0, green = 0, blue = 0]) => green > red && green > blue);
      expect(areGreen).toEqual([isGreen, isGreen, isGreen]);
    }
  });

  it('ends when the image needs more memory', async () => {
    const small = processes({ memoryBytes: 200 * 1024 * 1024 });
    await expect(small.run(task())).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
      details: { reason: 'takes too much memory' },
    });
    const modest = join(folder, 'modest.jpg');
    await sharp({ create: { width: 60, height: 50, channels: 3, background: 'red' } }).toFile(modest);
    expect(await small.run(task(modest))).toMatchObject({ width: 60 });
  });

  it('ends when the image takes too long', async () => {
    const slow = processes({ ...replacement('slow', `process.on('message', () => { for (;;); })`), timeoutMs: 300 });
    await expect(slow.run(task())).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
      details: { reason: 'takes too long' },
    });
  });

  it('fails without breaking anything else', async () => {
    const marker = join(folder, 'broken-once');
    const code = `import { existsSync, writeFileSync } from 'node:fs';
      process.on('message', () => {
        if (existsSync(${JSON.stringify(marker)})) return process.send({ result: { width: 1 } });
        writeFileSync(${JSON.stringify(marker)}, '');
        process.abort();
      });`;
    const fragile = processes(replacement('fragile', code));
    await expect(fragile.run(task())).rejects.toThrow('it ended: SIGABRT');
    expect(await fragile.run(task())).toEqual({ width: 1 });
  });

  it('receives no secrets', async () => {
    process.env.TEST_SECRET = 'a secret of the server';
    const curious = processes(
      replacement('curious', `process.on('message', () => process.send({ result: Object.keys(process.env) }));`),
    );
    const known = (await curious.run(task())) as unknown as string[];
    expect(known.filter((name) => !name.startsWith('NODE_CHANNEL_'))).toEqual([]);
  });

  it('is reused, and ends with the server', async () => {
    const code = `process.on('message', () => process.send({ result: process.pid }));`;
    const two = processes({ ...replacement('pid', code), filesPerProcess: 2 });
    const pids: unknown[] = [await two.run(task()), await two.run(task()), await two.run(task())];
    expect(pids[0]).toBe(pids[1]);
    expect(pids[2]).not.toBe(pids[1]);
    two.onModuleDestroy();
    while (isAlive(pids[2] as number)) await new Promise((resolve) => setTimeout(resolve, 10));
    await expect(two.run(task())).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('ends with the server, even if that is killed', async () => {
    const { entry, nodeOptions, environment } = new FileProcessSettings();
    const child = fork(entry, ['1000000000'], { execArgv: [...nodeOptions], env: environment });
    child.send(task());
    await once(child, 'message');
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });

  function isAlive(pid: number): boolean {
    return readdirSync('/proc').includes(String(pid));
  }
});
