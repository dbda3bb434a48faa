import { type ChildProcess, fork } from 'node:child_process';
import { homedir } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { ServiceUnavailable } from '../../platform/errors/app-error.js';
import { errorOf, type FileAnswer, type FileResults, type FileTask } from './file-tasks.js';
import { FileTooLarge, InvalidFileType } from './files.errors.js';
import { Places } from './places.js';

const SUFFIX = extname(import.meta.url);

/** What a process for files may take. One provider, so that tests can make it little. */
export class FileProcessSettings {
  /** Resident. 67 million pixels of any type that is taken need a gigabyte at most. */
  memoryBytes = 1024 * 1024 * 1024;
  /** Of everything about one image or archive. A GIF of 260 frames of noise, 60 million pixels, needed 20 s of a core. */
  timeoutMs = 60_000;
  /** Of the check within the request of an upload: 50 MB of any type take a second at most. */
  checkMs = 10_000;
  /** Checks of uploads at a time; others wait for their turn. */
  checksAtOnce = 4;
  idleMs = 30_000;
  /** After so many files a new process begins with memory in one piece. */
  filesEach = 100;
  entry = fileURLToPath(new URL(`./file-process${SUFFIX}`, import.meta.url));
  /** Run from the sources it needs what compiles them; else nothing that was loaded into this process. */
  nodeOptions: readonly string[] = SUFFIX === '.ts' ? process.execArgv : [];
  /** Nothing of ours: no secret is in its memory. What compiles the sources keeps things in a home. */
  environment: NodeJS.ProcessEnv = SUFFIX === '.ts' ? { HOME: homedir() } : {};
}

interface Worker {
  readonly child: ChildProcess;
  filesLeft: number;
  idleTimer?: NodeJS.Timeout;
}

/** The process ended, for a reason of its own or because it was ended from outside. */
class ProcessEnded extends Error {}

/**
 * Has files looked into by processes of their own, one file at a time in each, which know no secrets and are ended when
 * they take too much memory or time: what a file does to its parser it does to nothing else.
 */
@Injectable()
export class FileProcesses implements OnModuleDestroy {
  private readonly logger = new Logger(FileProcesses.name);
  private readonly workers = new Set<Worker>();
  private readonly idle: Worker[] = [];
  private readonly checks: Places;
  private isClosed = false;

  constructor(private readonly settings: FileProcessSettings) {
    this.checks = new Places(() => settings.checksAtOnce);
  }

  /** A shutdown waits for no file. */
  onModuleDestroy(): void {
    this.isClosed = true;
    for (const worker of this.workers) this.end(worker);
  }

  /**
   * The check of an upload, which ends when its request does. Uploaders take turns. A process that breaks is replaced, and asked once more.
   * @throws InvalidFileType, FileTooLarge, MalwareDetected, ServiceUnavailable
   */
  async check(
    claim: Omit<Extract<FileTask, { kind: 'check' }>, 'kind'>,
    { uploaderId, ended }: { uploaderId: string; ended: AbortSignal },
  ): Promise<FileResults['check']> {
    await this.checks.take(uploaderId, ended);
    try {
      const task = { kind: 'check', ...claim } as const;
      const limits = { timeoutMs: this.settings.checkMs, ended };
      return await this.run(task, limits).catch((error: unknown) => {
        if (!(error instanceof ProcessEnded)) throw error;
        return this.run(task, limits);
      });
    } catch (error) {
      if (!(error instanceof ProcessEnded)) throw error;
      this.logger.warn({ err: error }, 'a file twice broke the process that checks it');
      throw new InvalidFileType('cannot be checked');
    } finally {
      this.checks.leave(uploaderId);
    }
  }

  /**
   * As many at once as are asked for.
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
      const answer = await this.ask(worker.child, task, timeoutMs, ended);
      isHealthy = !('memory' in answer);
      return resultOf(answer) as FileResults[T['kind']];
    } finally {
      worker.filesLeft -= 1;
      if (isHealthy && worker.filesLeft > 0 && !this.isClosed) this.rest(worker);
      else this.end(worker);
    }
  }

  private start(): Worker {
    const { entry, nodeOptions, environment, memoryBytes, filesEach } = this.settings;
    const child = fork(entry, [String(memoryBytes)], {
      execArgv: [...nodeOptions],
      env: environment,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const worker: Worker = { child, filesLeft: filesEach };
    child.on('error', () => undefined);
    child.once('exit', () => this.forget(worker));
    this.workers.add(worker);
    return worker;
  }

  private ask(child: ChildProcess, task: FileTask, timeoutMs: number, ended?: AbortSignal): Promise<FileAnswer> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => settle(() => reject(new FileTooLarge({ reason: 'takes too long' }))), timeoutMs);
      const broken = (code: number | null, signal: string | null): void =>
        settle(() =>
          reject(this.isClosed ? new ServiceUnavailable() : new ProcessEnded(`it ended: ${signal ?? code}`)),
        );
      const answered = (answer: FileAnswer): void => settle(() => resolve(answer));
      const abandoned = (): void => settle(() => reject(new ServiceUnavailable()));
      const settle = (how: () => void): void => {
        clearTimeout(late);
        child.off('exit', broken).off('message', answered);
        ended?.removeEventListener('abort', abandoned);
        how();
      };
      child.once('exit', broken).once('message', answered);
      ended?.addEventListener('abort', abandoned);
      child.send(task, (error) => error && settle(() => reject(new ProcessEnded(error.message))));
    });
  }

  private rest(worker: Worker): void {
    worker.idleTimer = setTimeout(() => this.end(worker), this.settings.idleMs).unref();
    this.idle.push(worker);
  }

  private end(worker: Worker): void {
    this.forget(worker);
    worker.child.kill('SIGKILL');
  }

  private forget(worker: Worker): void {
    clearTimeout(worker.idleTimer);
    this.workers.delete(worker);
    const at = this.idle.indexOf(worker);
    if (at >= 0) this.idle.splice(at, 1);
  }
}

function resultOf(answer: FileAnswer): unknown {
  if ('result' in answer) return answer.result;
  if ('refusal' in answer) throw errorOf(answer.refusal);
  if ('memory' in answer) throw new FileTooLarge({ reason: 'takes too much memory' });
  throw new Error(answer.failure);
}
