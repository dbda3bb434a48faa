import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { Session } from 'node:inspector';

/** The cost of work, in counts that are the same on every machine. */
export interface Cost {
  /** Entered functions and blocks of code, in the program and in its ZIP reader. */
  readonly steps: number;
  /** Reads of the disk, and the bytes read. */
  readonly reads: number;
  readonly bytesRead: number;
  /** Bytes of all allocated buffers. */
  readonly allocated: number;
}

const COUNTED = /\/src\/|\/yauzl\/|\/planted-parsers\./;

/** Measures this process. Steps are the counts of V8 block coverage. */
export class Meter {
  private reads = 0;
  private bytesRead = 0;
  private allocated = 0;

  private constructor(private readonly session: Session) {}

  static async start(): Promise<Meter> {
    const session = new Session();
    session.connect();
    const meter = new Meter(session);
    meter.post('Profiler.enable');
    meter.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    meter.countAllocations();
    await meter.countReads();
    return meter;
  }

  /** Reads and buffers since the last call. */
  takeCounts(): Omit<Cost, 'steps'> {
    const { reads, bytesRead, allocated } = this;
    this.reads = this.bytesRead = this.allocated = 0;
    return { reads, bytesRead, allocated };
  }

  /** Steps since the last call, which takes a few milliseconds. */
  takeSteps(): number {
    const { result } = this.post('Profiler.takePreciseCoverage') as {
      result: { url: string; functions: { ranges: { count: number }[] }[] }[];
    };
    let steps = 0;
    for (const { url, functions } of result) {
      if (!COUNTED.test(url)) continue;
      for (const { ranges } of functions) for (const { count } of ranges) steps += count;
    }
    return steps;
  }

  /** The inspector of the own process responds synchronously. */
  private post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    this.session.post(method, parameters, (error, result) => {
      if (error) throw error;
      answer = result;
    });
    return answer;
  }

  private countAllocations(): void {
    for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const) {
      const allocate = Buffer[name].bind(Buffer) as (size: number, ...more: unknown[]) => Buffer;
      const counted = (size: number, ...more: unknown[]): Buffer => {
        this.allocated += size;
        return allocate(size, ...more);
      };
      Object.assign(Buffer, { [name]: counted });
    }
  }

  /** Reads of file handles, and of descriptors, which the ZIP reader uses. */
  private async countReads(): Promise<void> {
    const handle = await open(import.meta.filename, 'r');
    const prototype = Object.getPrototypeOf(handle) as {
      read(...parameters: unknown[]): Promise<{ bytesRead: number }>;
    };
    await handle.close();
    const count = (bytesRead: number): void => {
      this.reads++;
      this.bytesRead += bytesRead;
    };
    const readHandle = prototype.read;
    prototype.read = async function (...parameters): Promise<{ bytesRead: number }> {
      const result = await readHandle.apply(this, parameters);
      count(result.bytesRead);
      return result;
    };
    const readDescriptor = fs.read as (...parameters: unknown[]) => void;
    const counted = (...parameters: unknown[]): void => {
      const done = parameters.pop() as (error: unknown, bytesRead: number, buffer: Buffer) => void;
      readDescriptor(...parameters, (error: unknown, bytesRead: number, buffer: Buffer) => {
        count(bytesRead ?? 0);
        done(error, bytesRead, buffer);
      });
    };
    Object.assign(fs, { read: counted });
  }
}
