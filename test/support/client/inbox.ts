/** JSON of any shape: tests access the fields that they expect. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyJson = Record<string, any>;

/** A frame of the canonical protocol. */
export interface Frame extends AnyJson {
  readonly type: string;
  readonly id?: string;
  readonly ok?: boolean;
  readonly conversation_id?: string;
  readonly seq?: number;
  readonly prev?: number;
  readonly replay?: boolean;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly data: any;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly error?: { code: string; message: string; details: Record<string, any> };
}

/** The type of a frame, some of its fields, or a predicate. */
export type Wanted<Received> = string | Readonly<Record<string, unknown>> | ((frame: Received) => boolean);

/** Shorter than the time of a test, so that a failure names the frame that is missing. */
const PATIENCE_MS = 45_000;

interface Wait<Received> {
  readonly wanted: Wanted<Received>;
  readonly isTaken: boolean;
  readonly resolve: (frame: Received) => void;
  readonly timer: NodeJS.Timeout;
}

/** The frames that a client has received, and the callers who wait for one. */
export class Inbox<Received extends AnyJson> {
  readonly frames: Received[] = [];
  private readonly taken = new Set<Received>();
  private waits: Wait<Received>[] = [];

  /** The frames that `next` has not returned. */
  get left(): Received[] {
    return this.frames.filter((frame) => !this.taken.has(frame));
  }

  add(frame: Received): void {
    this.frames.push(frame);
    this.waits = this.waits.filter((wait) => {
      if (!matches(wait.wanted, frame) || (wait.isTaken && this.taken.has(frame))) return true;
      this.settle(wait, frame);
      return false;
    });
  }

  /** The first frame of all that matches. @throws if none arrives */
  first(wanted: Wanted<Received>): Promise<Received> {
    return this.wait(wanted, false, this.frames);
  }

  /** The first frame that matches and that `next` has not returned before. @throws if none arrives */
  next(wanted: Wanted<Received>): Promise<Received> {
    return this.wait(wanted, true, this.left);
  }

  /** No caller waits for a closed client any more. */
  end(): void {
    for (const { timer } of this.waits) clearTimeout(timer);
  }

  private wait(wanted: Wanted<Received>, isTaken: boolean, known: Received[]): Promise<Received> {
    const waiting = new Promise<Received>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(this.missing(wanted))), PATIENCE_MS).unref();
      const wait = { wanted, isTaken, resolve, timer };
      const found = known.find((frame) => matches(wanted, frame));
      if (found) this.settle(wait, found);
      else this.waits.push(wait);
    });
    // A test may end without the frame that a race waited for.
    waiting.catch(() => undefined);
    return waiting;
  }

  private settle({ isTaken, resolve, timer }: Wait<Received>, frame: Received): void {
    clearTimeout(timer);
    if (isTaken) this.taken.add(frame);
    resolve(frame);
  }

  private missing(wanted: Wanted<Received>): string {
    const what = typeof wanted === 'function' ? String(wanted) : JSON.stringify(wanted);
    const received = this.frames.slice(-20).map((frame) => JSON.stringify(frame).slice(0, 200));
    return `no frame matched ${what}; received: ${received.join('\n') || 'none'}`;
  }
}

function matches<Received extends AnyJson>(wanted: Wanted<Received>, frame: Received): boolean {
  if (typeof wanted === 'function') return wanted(frame);
  if (typeof wanted === 'string') return frame.type === wanted;
  return Object.entries(wanted).every(([name, value]) => frame[name] === value);
}
