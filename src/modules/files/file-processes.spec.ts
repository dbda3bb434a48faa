import {
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
