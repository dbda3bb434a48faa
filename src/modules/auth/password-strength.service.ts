import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ServiceUnavailable, ValidationError } from '../../platform/errors/app-error.js';
import { type PasswordForm, requirePasswordForm, TOO_EASY } from './password-strength.js';

export interface EstimateTask {
  readonly password: string;
  readonly words: readonly string[];
}

/** The longest estimate takes a quarter of a second of a core; the first one also loads the dictionary. */
const DEADLINE_MS = 10_000;
/** Estimates under way at once; callers come here through the hashing gate, which lets fewer in. */
const MAX_PENDING = 64;
/** The dictionary needs some 100 MB while it is built. */
const MEMORY_MB = 256;
const SUFFIX = extname(import.meta.url);

/** How the thread starts. One provider, so that tests can say how sources are compiled. */
export class EstimateThreadSettings {
  entry = new URL(`./password-estimate.thread${SUFFIX}`, import.meta.url);
  /** Run from the sources it needs what compiles them; else nothing that was loaded into this process. */
  nodeOptions: readonly string[] = SUFFIX === '.ts' ? process.execArgv : [];
}

interface Pending {
  settle(isGuessable: boolean): void;
  fail(error: Error): void;
}

/**
 * Finds out which passwords are guessed easily. The estimate runs in a thread of its own, never on the event loop, for
 * clients, commands and the start alike.
 */
@Injectable()
export class PasswordStrength implements OnModuleDestroy {
  private thread: Worker | undefined;
  /** In the order asked, which is the order of the answers. */
  private pending: Pending[] = [];
  private isClosed = false;

  constructor(private readonly settings: EstimateThreadSettings) {}

  onModuleDestroy(): void {
    this.isClosed = true;
    this.end();
  }

  /**
   * Refuses passwords that are too short or too long, that are the account's own name, or that are guessed easily. No
   * rule of which characters there must be. @throws ValidationError, ServiceUnavailable
   */
  async requireStrong(field: string, password: string, about: readonly string[]): Promise<void> {
    const form = requirePasswordForm(field, password, about);
    if (await this.isGuessable(form)) throw ValidationError.of(field, TOO_EASY);
  }

  /** @throws ServiceUnavailable when the thread breaks, or does not answer in time */
  isGuessable({ normal, words }: PasswordForm): Promise<boolean> {
    if (this.isClosed || this.pending.length >= MAX_PENDING) return Promise.reject(new ServiceUnavailable());
    this.thread ??= this.start();
    const { thread } = this;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.end(), DEADLINE_MS);
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => (clearTimeout(late), settle(value));
      this.pending.push({ settle: settled(resolve), fail: settled(reject) });
      thread.postMessage({ password: normal, words } satisfies EstimateTask);
    });
  }

  private start(): Worker {
    const { entry, nodeOptions } = this.settings;
    const resourceLimits = { maxOldGenerationSizeMb: MEMORY_MB };
    const thread = new Worker(entry, { env: {}, execArgv: [...nodeOptions], resourceLimits });
    thread.unref();
    thread.on('message', (isGuessable: boolean) => this.pending.shift()?.settle(isGuessable));
    thread.on('error', () => this.forget(thread));
    thread.on('exit', () => this.forget(thread));
    return thread;
  }

  private end(): void {
    const { thread } = this;
    if (!thread) return;
    this.forget(thread);
    void thread.terminate();
  }

  private forget(thread: Worker): void {
    if (this.thread !== thread) return;
    this.thread = undefined;
    const { pending } = this;
    this.pending = [];
    for (const one of pending) one.fail(new ServiceUnavailable());
  }
}
