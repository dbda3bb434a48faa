import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ServiceUnavailable, ValidationError } from '../../platform/errors/app-error.js';
import { type NormalisedPassword, requireAllowedPassword, TOO_EASY } from './password-rules.js';

export interface EstimateTask {
  readonly password: string;
  readonly words: readonly string[];
}

/** The longest estimate takes a quarter of a second of a core; the first one also loads the dictionary. */
const DEADLINE_MS = 10_000;
/** The limit of pending estimates. Hashing waits in `HashingGate` first, which admits fewer. */
const MAX_PENDING = 64;
/** Building the dictionary takes some 100 MB. */
const MEMORY_MB = 256;
const SUFFIX = extname(import.meta.url);

/** How the thread starts. A provider, so that tests can configure the compilation of sources. */
export class EstimateThreadSettings {
  entry = new URL(`./password-estimate.thread${SUFFIX}`, import.meta.url);
  /** When run from the sources it needs the options that compile them; otherwise nothing of this process. */
  nodeOptions: readonly string[] = SUFFIX === '.ts' ? process.execArgv : [];
}

interface Pending {
  complete(isGuessable: boolean): void;
  fail(error: Error): void;
}

/**
 * Estimates how easily passwords are guessed. The estimate runs in a separate thread, never on the event loop, for
 * clients, commands and the startup alike.
 */
@Injectable()
export class PasswordStrength implements OnModuleDestroy {
  private thread: Worker | undefined;
  /** In the order of the requests, which is the order of the results. */
  private pending: Pending[] = [];
  private isClosed = false;

  constructor(private readonly settings: EstimateThreadSettings) {}

  onModuleDestroy(): void {
    this.isClosed = true;
    this.end();
  }

  /**
   * Refuses passwords that are too short, too long, a name of the account, or easy to guess. It does not require
   * classes of characters.
   * @throws ValidationError, ServiceUnavailable
   */
  async requireStrong(field: string, password: string, accountNames: readonly string[]): Promise<void> {
    const normalised = requireAllowedPassword(field, password, accountNames);
    if (await this.isGuessable(normalised)) throw ValidationError.of(field, TOO_EASY);
  }

  /** @throws ServiceUnavailable when the thread breaks, or does not respond in time */
  isGuessable({ text, words }: NormalisedPassword): Promise<boolean> {
    if (this.isClosed || this.pending.length >= MAX_PENDING) return Promise.reject(new ServiceUnavailable());
    this.thread ??= this.start();
    const { thread } = this;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.end(), DEADLINE_MS);
      const completed =
        <T>(complete: (value: T) => void) =>
        (value: T): void => (clearTimeout(late), complete(value));
      this.pending.push({ complete: completed(resolve), fail: completed(reject) });
      thread.postMessage({ password: text, words } satisfies EstimateTask);
    });
  }

  private start(): Worker {
    const { entry, nodeOptions } = this.settings;
    const resourceLimits = { maxOldGenerationSizeMb: MEMORY_MB };
    const thread = new Worker(entry, { env: {}, execArgv: [...nodeOptions], resourceLimits });
    thread.unref();
    thread.on('message', (isGuessable: boolean) => this.pending.shift()?.complete(isGuessable));
    thread.on('error', () => this.discard(thread));
    thread.on('exit', () => this.discard(thread));
    return thread;
  }

  private end(): void {
    const { thread } = this;
    if (!thread) return;
    this.discard(thread);
    void thread.terminate();
  }

  private discard(thread: Worker): void {
    if (this.thread !== thread) return;
    this.thread = undefined;
    const { pending } = this;
    this.pending = [];
    for (const one of pending) one.fail(new ServiceUnavailable());
  }
}
