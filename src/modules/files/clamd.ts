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

/** Asks a clamd over TCP, file by file (INSTREAM: chunks with their length before them, an empty one at the end). */
export class Clamd {
  private readonly asking = new Set<Socket>();
  private isClosed = false;

  constructor(private readonly url: string) {}

  /** `impossible`: larger than the scanner takes, or it gave up on it. @throws ScannerUnavailable */
  async scan(path: string): Promise<ScanVerdict> {
    if (this.isClosed) throw new ScannerUnavailable('shutting down');
    const { hostname, port } = new URL(this.url);
    const socket = createConnection({ host: hostname, port: Number(port || 3310) });
    this.asking.add(socket);
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error('no answer in time')));
    try {
      const [answer] = await Promise.all([answerOf(socket), send(socket, path)]);
      return verdictOf(answer);
    } catch (error) {
      throw error instanceof ScannerUnavailable ? error : new ScannerUnavailable((error as Error).message);
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

/** A scanner that has heard enough answers before the end and closes: what it said counts, not that it closed. */
async function send(socket: Socket, path: string): Promise<void> {
  await pipeline(Readable.from(framed(path)), socket, { end: false }).catch(() => undefined);
}

async function* framed(path: string): AsyncGenerator<Buffer> {
  yield Buffer.from('zINSTREAM\0');
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) {
    const bytes = chunk as Buffer;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    yield Buffer.concat([length, bytes]);
  }
  yield Buffer.alloc(4);
}

function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      if (answer.includes('\0') || answer.length > ANSWER_MAX) resolve(answer.replace(/\0.*$/s, ''));
    });
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
    socket.on('close', () => resolve(answer));
  });
}

function verdictOf(answer: string): ScanVerdict {
  if (/^stream: OK$/.test(answer)) return 'clean';
  if (/ FOUND$/.test(answer)) return 'malware';
  if (/ ERROR$/.test(answer)) return 'impossible';
  throw new ScannerUnavailable(`the scanner answered "${answer.slice(0, 100)}"`);
}
