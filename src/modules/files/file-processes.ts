import { type ChildProcess, fork } from 'node:child_process';
import { homedir } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable, Logger, type OnModuleDestroy, Module } from '@nestjs/common';
import { ServiceUnavailable } from '../../platform/errors/app-error.js';
import { errorOf, type FileResponse, type FileResults, type FileTask } from './file-tasks.js';
import { FileTooLarge, InvalidFileType } from './files.errors.js';
import { FairSemaphore } from './fair-semaphore.js';

const SUFFIX = extname(import.meta.url);

/** The limits of processes for files. A provider, so that tests can reduce them. */
export class FileProcessSettings {
  /** Resident memory. 67 million pixels of any allowed type need a gigabyte at most. */
  memoryBytes = 1024 * 1024 * 1024;
  /**
   * For everything about one image or archive. A GIF of 260 frames of noise, 60 million pixels, took 20 s on one core.
   */
  timeoutMs = 60_000;
  /** For the check within the request of an upload: 50 MB of any type take a second at most. */
  checkMs = 10_000;
  /** Concurrent checks of uploads; others wait in a fair queue. */
  maxConcurrentChecks = 4;
  idleMs = 30_000;
  /** After this number of files a process is replaced, because its memory is fragmented. */
  filesPerProcess = 100;
  entry = fileURLToPath(new URL(`./file-process${SUFFIX}`, import.meta.url));
  /** When run from the sources it needs the options that compile them; otherwise nothing of this process. */
  nodeOptions: readonly string[] = SUFFIX === '.ts' ? process.execArgv : [];
  /** Nothing of this process, so that it has no secrets. The compiler of the sources needs a home directory. */
  environment: NodeJS.ProcessEnv = SUFFIX === '.ts' ? { HOME: homedir() } : {};
}

interface Worker {
  readonly child: ChildProcess;
  filesLeft: number;
  idleTimer?: NodeJS.Timeout;
}

/** A process ended by itself or was killed while it worked. */
class ProcessEnded extends Error {}

/**
 * Has files inspected by child processes, one file at a time in each. They have no secrets and are killed when they
 * exceed their memory or time, so that a malicious file harms nothing else.
 */
@Injectable()
export class FileProcesses implements OnModuleDestroy {
  private readonly logger = new Logger(FileProcesses.name);
  private readonly workers = new Set<Worker>();
  private readonly idle: Worker[] = [];
  private readonly checks: FairSemaphore;
  private isClosed = false;

  constructor(private readonly settings: FileProcessSettings) {
    this.checks = new FairSemaphore(() => settings.maxConcurrentChecks);
  }

  /** A shutdown does not wait for files. */
  onModuleDestroy(): void {
    this.isClosed = true;
    for (const worker of this.workers) this.end(worker);
  }

  /**
   * Checks an upload; the check ends with its request. Uploaders take turns. A process that breaks is replaced, and the
   * check repeated once.
   * @throws InvalidFileType, FileTooLarge, MalwareDetected, ServiceUnavailable
   */
  async check(
    file: Omit<Extract<FileTask, { kind: 'check' }>, 'kind'>,
    { uploaderId, ended }: { uploaderId: string; ended: AbortSignal },
  ): Promise<FileResults['check']> {
    await this.checks.acquire(uploaderId, ended);
    try {
      const task = { kind: 'check', ...file } as const;
      const limits = { timeoutMs: this.settings.checkMs, ended };
      return await this.run(task, limits).catch((error: unknown) => {
        if (!(error instanceof ProcessEnded)) throw error;
        return this.run(task, limits);
      });
    } catch (error) {
      if (!(error instanceof ProcessEnded)) throw error;
      this.logger.warn({ err: error }, 'a file broke the process that checks it, twice');
      throw new InvalidFileType('cannot be checked');
    } finally {
      this.checks.release(uploaderId);
    }
  }

  /**
   * Runs a task, without a limit of concurrency.
   * @throws InvalidFileType, FileTooLarge, MalwareDetected, ServiceUnavailable, Error when its process broke
   */
  async run<T extends FileTask>(
    task: T,
    { timeoutMs = this.settings.timeoutMs, ended }: { timeoutMs?: number; ended?: AbortSignal } = {},
  ): Promise<FileResults[T['kind']]> {
    if (this.isClosed || ended?.aborted) throw new ServiceUnavailable();
    const worker = this.idle.pop() ?? this.start();
    clearTimeout(worker.idleTimer);
    let isHealthy = false;
    try {
      const response = await this.send(worker.child, task, timeoutMs, ended);
      isHealthy = !('memory' in response);
      return resultOf(response) as FileResults[T['kind']];
    } finally {
      worker.filesLeft -= 1;
      if (isHealthy && worker.filesLeft > 0 && !this.isClosed) this.release(worker);
      else this.end(worker);
    }
  }

  private start(): Worker {
    const { entry, nodeOptions, environment, memoryBytes, filesPerProcess } = this.settings;
    const child = fork(entry, [String(memoryBytes)], {
      execArgv: [...nodeOptions],
      env: environment,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const worker: Worker = { child, filesLeft: filesPerProcess };
    child.on('error', () => undefined);
    child.once('exit', () => this.remove(worker));
    this.workers.add(worker);
    return worker;
  }

  private send(child: ChildProcess, task: FileTask, timeoutMs: number, ended?: AbortSignal): Promise<FileResponse> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => finish(() => reject(new FileTooLarge({ reason: 'takes too long' }))), timeoutMs);
      const broken = (code: number | null, signal: string | null): void =>
        finish(() =>
          reject(this.isClosed ? new ServiceUnavailable() : new ProcessEnded(`it ended: ${signal ?? code}`)),
        );
      const responded = (response: FileResponse): void => finish(() => resolve(response));
      const abandoned = (): void => finish(() => reject(new ServiceUnavailable()));
      const finish = (how: () => void): void => {
        clearTimeout(late);
        child.off('exit', broken).off('message', responded);
        ended?.removeEventListener('abort', abandoned);
        how();
      };
      child.once('exit', broken).once('message', responded);
      ended?.addEventListener('abort', abandoned);
      child.send(task, (error) => error && finish(() => reject(new ProcessEnded(error.message))));
    });
  }

  private release(worker: Worker): void {
    worker.idleTimer = setTimeout(() => this.end(worker), this.settings.idleMs).unref();
    this.idle.push(worker);
  }

  private end(worker: Worker): void {
    this.remove(worker);
    worker.child.kill('SIGKILL');
  }

  private remove(worker: Worker): void {
    clearTimeout(worker.idleTimer);
    this.workers.delete(worker);
    const at = this.idle.indexOf(worker);
    if (at >= 0) this.idle.splice(at, 1);
  }
}

function resultOf(response: FileResponse): unknown {
  if ('result' in response) return response.result;
  if ('refusal' in response) throw errorOf(response.refusal);
  if ('memory' in response) throw new FileTooLarge({ reason: 'takes too much memory' });
  throw new Error(response.failure);
}

/** The processes that inspect files: one pool for the uploads and the scans of a process. */
@Module({ providers: [FileProcesses, FileProcessSettings], exports: [FileProcesses] })
export class FileProcessesModule {}
