import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wav } from '../../../test/fixtures/sample-files.js';
import { FileProcesses, FileProcessSettings } from './file-processes.js';
import type { PosterTask } from './render-poster.js';

const GIGABYTE = 1024 ** 3;

describe('the check of a file in its own process', () => {
  let folder: string;
  let processes: FileProcesses;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-checks-'));
    processes = new FileProcesses({ ...new FileProcessSettings(), maxConcurrentChecks: 1 });
  });
  afterEach(() => {
    processes.onModuleDestroy();
    rmSync(folder, { recursive: true, force: true });
  });

  const check = (path: string, ended = new AbortController().signal): Promise<unknown> =>
    processes.check(
      { path, extension: 'wav', declaredType: 'audio/wav', allowed: [{ type: 'audio/wav', limit: 1e15 }] },
      { uploaderId: 'ada', ended },
    );

  /** Takes no space on the disk, and takes a second for each few gigabytes to check. */
  function longFile(bytes: number): string {
    const path = join(folder, 'long.wav');
    const header = wav(0);
    header.writeUInt32LE(0xffffffff, 4);
    header.writeUInt32LE(0xffffffff, 40);
    writeFileSync(path, header);
    truncateSync(path, bytes);
    return path;
  }

  function shortFile(): string {
    const path = join(folder, 'short.wav');
    writeFileSync(path, wav(1000));
    return path;
  }

  /** The processes that have this file open, without the test process. */
  function readersOf(path: string): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => openFilesOf(pid).includes(path))
      .map(Number);
  }

  async function untilOneReads(path: string, butNot?: number): Promise<number> {
    for (;;) {
      const pid = readersOf(path).find((one) => one !== butNot);
      if (pid !== undefined) return pid;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async function untilGone(pid: number): Promise<void> {
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  it('uses one process if nothing happens to it, however long it takes', async () => {
    const path = longFile(GIGABYTE);
    const checked = check(path);
    const pid = await untilOneReads(path);
    expect(await checked).toMatchObject({ type: 'audio/wav', size: GIGABYTE });
    expect(isAlive(pid)).toBe(true);
  });

  it('starts once more in another process if the first one is killed', async () => {
    const path = longFile(500 * GIGABYTE);
    const checked = check(path);
    const first = await untilOneReads(path);
    renameSync(shortFile(), path);
    process.kill(first, 'SIGKILL');
    expect(await checked).toMatchObject({ type: 'audio/wav', size: 1044 });
    expect(isAlive(first)).toBe(false);
  });

  it('rejects the file if the second process is killed as well, and checks the next file', async () => {
    const path = longFile(500 * GIGABYTE);
    const checked = expect(check(path)).rejects.toMatchObject({
      code: 'INVALID_FILE_TYPE',
      details: { reason: 'cannot be checked' },
    });
    const first = await untilOneReads(path);
    process.kill(first, 'SIGKILL');
    process.kill(await untilOneReads(path, first), 'SIGKILL');
    await checked;
    expect(await check(shortFile())).toMatchObject({ type: 'audio/wav' });
  });

  it('rejects the file at its deadline, ends the process, and checks the next file', async () => {
    const settings = { ...new FileProcessSettings(), maxConcurrentChecks: 1 };
    processes = new FileProcesses(settings);
    // With a process that has started: its start time is not part of the measurement.
    await check(shortFile());
    settings.checkMs = 1000;
    const path = longFile(500 * GIGABYTE);
    const checked = expect(check(path)).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
      details: { reason: 'takes too long' },
    });
    const pid = await untilOneReads(path);
    await checked;
    await untilGone(pid);
    settings.checkMs = 10_000;
    expect(await check(shortFile())).toMatchObject({ type: 'audio/wav' });
  });

  it('ends with its request, and its slot is free for the next', async () => {
    const path = longFile(500 * GIGABYTE);
    const request = new AbortController();
    const checked = expect(check(path, request.signal)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    const pid = await untilOneReads(path);
    const next = check(shortFile());
    request.abort();
    await checked;
    await untilGone(pid);
    expect(await next).toMatchObject({ type: 'audio/wav' });
  });

  it('ends with the program, as do those that wait for a slot; no process is left', async () => {
    const path = longFile(500 * GIGABYTE);
    const unavailable = { code: 'SERVICE_UNAVAILABLE' };
    const checked = [check(path), check(path), check(shortFile())].map((one) =>
      expect(one).rejects.toMatchObject(unavailable),
    );
    const pid = await untilOneReads(path);
    processes.onModuleDestroy();
    await Promise.all(checked);
    await untilGone(pid);
    expect(readersOf(path)).toEqual([]);
    await expect(check(shortFile())).rejects.toMatchObject(unavailable);
  });
});

function openFilesOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    // It has ended, or the descriptor is closed by now.
    return [];
  }
}

/** A process that has ended stays in the list until its parent has read its exit status. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a poster of a video', () => {
  let folder: string;
  let processes: FileProcesses;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-posters-'));
    processes = new FileProcesses(new FileProcessSettings());
  });
  afterAll(() => {
    processes.onModuleDestroy();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a shell script in place of ffmpeg. */
  function posterWith(script: string): Promise<unknown> {
    const ffmpeg = join(folder, 'ffmpeg');
    writeFileSync(ffmpeg, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const [small, medium, large] = ['small', 'medium', 'large'].map((name) => join(folder, name)) as [
      string,
      ...string[],
    ];
    const thumbnails = { small, medium, large } as PosterTask['thumbnails'];
    const path = join(folder, 'video.mp4');
    return processes.run({ kind: 'poster', path, type: 'video/mp4', duration: 0, ffmpeg, ffmpegMs: 500, thumbnails });
  }

  it('is refused, and the program is ended, if the program hangs', async () => {
    const pidFile = join(folder, 'pid');
    await expect(posterWith(`echo $$ > ${pidFile}; exec sleep 300`)).rejects.toMatchObject({
      code: 'INVALID_FILE_TYPE',
    });
    expect(() => process.kill(Number(readFileSync(pidFile, 'utf8')), 0)).toThrow('ESRCH');
  });

  it.each([
    ['prints something else', 'echo "<svg onload=alert(1)>"'],
    ['prints without end', 'exec cat /dev/zero'],
    ['fails', 'exit 1'],
  ])('is refused, and nothing is written, if the program %s', async (_name, script) => {
    await expect(posterWith(script)).rejects.toMatchObject({ code: 'INVALID_FILE_TYPE' });
    expect(existsSync(join(folder, 'small'))).toBe(false);
  });

  it('is made without the environment of the server, of a file and nothing else', async () => {
    const seen = join(folder, 'seen');
    await expect(posterWith(`{ env; echo "$@"; } > ${seen}`)).rejects.toThrow();
    const text = readFileSync(seen, 'utf8');
    expect(text).not.toMatch(/HOME=|DATABASE|NODE_/);
    expect(text).toContain('-protocol_whitelist file,pipe -threads 1');
    expect(text).toContain(`-f mov -i file:${join(folder, 'video.mp4')}`);
  });
});
