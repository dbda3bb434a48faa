import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ServiceUnavailable } from '../../platform/errors/app-error.js';
import { FileTooLarge, InvalidFileType } from './files.errors.js';
import type { RenderedImage, RenderTask } from './render-image.js';

/** What the process that decodes says of one image. */
export type RenderAnswer = { readonly image: RenderedImage } | { readonly failure: 'undecodable' | 'memory' };

const SUFFIX = extname(import.meta.url);

/** What a decoding process may take. One provider, so that tests can make it little. */
export class ImageProcessSettings {
  /** Resident. 50 million pixels of any type that is taken needed 640 MiB at most. */
  memoryBytes = 768 * 1024 * 1024;
  /** The same pixels needed three seconds of a core at most. */
  timeoutMs = 30_000;
  idleMs = 30_000;
  /** After so many images a new process begins with memory in one piece. */
  imagesEach = 100;
  entry = fileURLToPath(new URL(`./image-process${SUFFIX}`, import.meta.url));
  /** Run from the sources it needs what compiles them; else nothing that was loaded into this process. */
  nodeOptions: readonly string[] = SUFFIX === '.ts' ? process.execArgv : [];
  /** Nothing of ours: no secret is in its memory. */
  environment: NodeJS.ProcessEnv = {};
}

interface Decoder {
  readonly child: ChildProcess;
  imagesLeft: number;
  idleTimer?: NodeJS.Timeout;
}

/**
 * Has images decoded in processes of their own, one image at a time in each, which know no secrets and are ended when
 * they take too much memory or time: what an image does to its decoder it does to nobody else.
 */
@Injectable()
export class ImageRenderer implements OnModuleDestroy {
  private readonly decoders = new Set<Decoder>();
  private readonly idle: Decoder[] = [];
  private isClosed = false;

  constructor(private readonly settings: ImageProcessSettings) {}

  /** A shutdown does not wait for an image. */
  onModuleDestroy(): void {
    this.isClosed = true;
    for (const decoder of this.decoders) this.end(decoder);
  }

  /**
   * As many at once as are asked for.
   * @throws InvalidFileType, FileTooLarge, ServiceUnavailable, Error when its process broke
   */
  async render(task: RenderTask): Promise<RenderedImage> {
    if (this.isClosed) throw new ServiceUnavailable();
    const decoder = this.idle.pop() ?? this.start();
    clearTimeout(decoder.idleTimer);
    let isHealthy = false;
    try {
      const answer = await this.ask(decoder.child, task);
      isHealthy = !('failure' in answer && answer.failure === 'memory');
      return imageOf(answer);
    } finally {
      decoder.imagesLeft -= 1;
      if (isHealthy && decoder.imagesLeft > 0 && !this.isClosed) this.rest(decoder);
      else this.end(decoder);
    }
  }

  private start(): Decoder {
    const { entry, nodeOptions, environment, memoryBytes, imagesEach } = this.settings;
    const child = fork(entry, [String(memoryBytes)], {
      execArgv: [...nodeOptions],
      env: environment,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const decoder: Decoder = { child, imagesLeft: imagesEach };
    child.on('error', () => undefined);
    child.once('exit', () => this.forget(decoder));
    this.decoders.add(decoder);
    return decoder;
  }

  private ask(child: ChildProcess, task: RenderTask): Promise<RenderAnswer> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => settle(() => reject(tooSlow())), this.settings.timeoutMs);
      const broken = (code: number | null, signal: string | null): void =>
        settle(() => reject(this.isClosed ? new ServiceUnavailable() : new Error(`decoding ended: ${signal ?? code}`)));
      const answered = (answer: RenderAnswer): void => settle(() => resolve(answer));
      const settle = (how: () => void): void => {
        clearTimeout(late);
        child.off('exit', broken).off('message', answered);
        how();
      };
      child.once('exit', broken).once('message', answered);
      child.send(task, (error) => error && settle(() => reject(error)));
    });
  }

  private rest(decoder: Decoder): void {
    decoder.idleTimer = setTimeout(() => this.end(decoder), this.settings.idleMs).unref();
    this.idle.push(decoder);
  }

  private end(decoder: Decoder): void {
    this.forget(decoder);
    decoder.child.kill('SIGKILL');
  }

  private forget(decoder: Decoder): void {
    clearTimeout(decoder.idleTimer);
    this.decoders.delete(decoder);
    const at = this.idle.indexOf(decoder);
    if (at >= 0) this.idle.splice(at, 1);
  }
}

function imageOf(answer: RenderAnswer): RenderedImage {
  if ('image' in answer) return answer.image;
  throw answer.failure === 'memory'
    ? new FileTooLarge({ reason: 'takes too much memory' })
    : new InvalidFileType('cannot be decoded');
}

function tooSlow(): FileTooLarge {
  return new FileTooLarge({ reason: 'takes too long' });
}
