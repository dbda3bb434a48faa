import { createReadStream } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const CHUNK = 64 * 1024;
const SILENCE_MS = 60_000;
const ANSWER_MAX = 4096;

export type ScanVerdict = 'clean' | 'malware' | 'impossible';

/** The scanner did not answer. Nothing is known of the file, so it stays shut and is asked for again. */
export class ScannerUnavailable extends Error {}

/**
 * The scanner hung up in the middle of the file: so it does with one that is larger than it takes, and the word it says
 * before is mostly lost with the connection. It may also have been stopped just then.
 */
export class ScannerHungUp extends ScannerUnavailable {}

/** Asks a clamd over TCP, file by file (INSTREAM: chunks with their length before them, an empty one at the end). */
export class Clamd {
  private readonly asking = new Set<Socket>();
  private isClosed = false;

  constructor(
    private readonly url: string,
    private readonly silenceMs = SILENCE_MS,
  ) {}

  /** `impossible`: larger than the scanner takes, or it gave up on it. @throws ScannerUnavailable */
  async scan(path: string): Promise<ScanVerdict> {
    if (this.isClosed) throw new ScannerUnavailable('shutting down');
    const { hostname, port } = new URL(this.url);
    const socket = createConnection({ host: hostname, port: Number(port || 3310) });
    this.asking.add(socket);
    socket.setTimeout(this.silenceMs, () => socket.destroy(new Error('no answer in time')));
    const sending = new Sending(path);
    try {
      const [answer] = await Promise.all([answerOf(socket, sending), sending.into(socket)]);
      return verdictOf(answer);
    } catch (error) {
      // Before the file and after it a hang-up says nothing of the file.
      if (error instanceof ScannerHungUp && sending.isInTheMiddle) throw error;
      throw new ScannerUnavailable((error as Error).message);
    } finally {
      this.asking.delete(socket);
      socket.destroy();
    }
  }

  /** Whatever is being scanned will have to be scanned again. */
  hangUp(): void {
    this.isClosed = true;
    for (const socket of this.asking) socket.destroy(new Error('shutting down'));
  }
}

/** A file on its way to the scanner, as far as it got. */
class Sending {
  private hasBegun = false;
  private hasEnded = false;
  /** The scanner has said its word before the end: nothing more is of use to it. */
  isAnswered = false;

  constructor(private readonly path: string) {}

  get isInTheMiddle(): boolean {
    return this.hasBegun && !this.hasEnded;
  }

  /** A connection that breaks is the business of whoever waits for the answer. */
  async into(socket: Socket): Promise<void> {
    await pipeline(Readable.from(this.framed()), socket, { end: false }).catch(() => undefined);
  }

  private async *framed(): AsyncGenerator<Buffer> {
    yield Buffer.from('zINSTREAM\0');
    for await (const chunk of createReadStream(this.path, { highWaterMark: CHUNK })) {
      if (this.isAnswered) return;
      const bytes = chunk as Buffer;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      yield Buffer.concat([length, bytes]);
      this.hasBegun = true;
    }
    this.hasEnded = true;
    yield Buffer.alloc(4);
  }
}

function answerOf(socket: Socket, sending: Sending): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      sending.isAnswered = true;
      answer += chunk.toString('latin1');
      if (answer.includes('\0') || answer.length > ANSWER_MAX) resolve(answer.replace(/\0.*$/s, ''));
    });
    socket.on('error', (error) =>
      answer === '' ? reject(isHangUp(error) ? new ScannerHungUp(error.message) : error) : resolve(answer),
    );
    socket.on('end', () => (answer === '' ? reject(new ScannerHungUp('the scanner hung up')) : resolve(answer)));
    socket.on('close', () => resolve(answer));
  });
}

/** Whether the other side broke off; our own patience, a shutdown and a file that cannot be read break off, too. */
function isHangUp({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function verdictOf(answer: string): ScanVerdict {
  if (/^stream: OK$/.test(answer)) return 'clean';
  if (/ FOUND$/.test(answer)) return 'malware';
  if (/ ERROR$/.test(answer)) return 'impossible';
  throw new ScannerUnavailable(`the scanner answered "${answer.slice(0, 100)}"`);
}
