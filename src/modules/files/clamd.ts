import { createReadStream } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const CHUNK = 64 * 1024;
const IDLE_TIMEOUT_MS = 60_000;
const RESPONSE_MAX = 4096;

export type ScanVerdict = 'clean' | 'malware' | 'impossible';

/** The scanner did not respond. Nothing is known of the file: it stays unavailable, and its scan is repeated. */
export class ScannerUnavailable extends Error {}

/**
 * The scanner closed the connection in the middle of the file. It does so for files above its size limit, and its
 * response is mostly lost with the connection. It may also have been stopped at this moment.
 */
export class ScannerDisconnected extends ScannerUnavailable {}

/**
 * A client of clamd over TCP, one connection for each file (INSTREAM: chunks prefixed with their length, an empty one
 * at the end).
 */
export class Clamd {
  private readonly sockets = new Set<Socket>();
  private isClosed = false;

  constructor(
    private readonly url: string,
    private readonly idleTimeoutMs = IDLE_TIMEOUT_MS,
  ) {}

  /** `impossible`: the file is above the limit of the scanner, or the scanner gave up. @throws ScannerUnavailable */
  async scan(path: string): Promise<ScanVerdict> {
    if (this.isClosed) throw new ScannerUnavailable('shutting down');
    const { hostname, port } = new URL(this.url);
    const socket = createConnection({ host: hostname, port: Number(port || 3310) });
    this.sockets.add(socket);
    socket.setTimeout(this.idleTimeoutMs, () => socket.destroy(new Error('no response in time')));
    const transfer = new FileTransfer(path);
    try {
      const [response] = await Promise.all([responseOf(socket, transfer), transfer.sendTo(socket)]);
      return verdictOf(response);
    } catch (error) {
      // A disconnect before or after the file does not indicate anything about the file.
      if (error instanceof ScannerDisconnected && transfer.isInTheMiddle) throw error;
      throw new ScannerUnavailable((error as Error).message);
    } finally {
      this.sockets.delete(socket);
      socket.destroy();
    }
  }

  /** Scans in progress will have to be repeated. */
  close(): void {
    this.isClosed = true;
    for (const socket of this.sockets) socket.destroy(new Error('shutting down'));
  }
}

/** The progress of sending one file to the scanner. */
class FileTransfer {
  private hasBegun = false;
  private hasEnded = false;
  /** The scanner has responded before the end: it needs no more data. */
  hasResponse = false;

  constructor(private readonly path: string) {}

  get isInTheMiddle(): boolean {
    return this.hasBegun && !this.hasEnded;
  }

  /** Errors of the connection are handled where the response is awaited. */
  async sendTo(socket: Socket): Promise<void> {
    await pipeline(Readable.from(this.framed()), socket, { end: false }).catch(() => undefined);
  }

  private async *framed(): AsyncGenerator<Buffer> {
    yield Buffer.from('zINSTREAM\0');
    for await (const chunk of createReadStream(this.path, { highWaterMark: CHUNK })) {
      if (this.hasResponse) return;
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

function responseOf(socket: Socket, transfer: FileTransfer): Promise<string> {
  return new Promise((resolve, reject) => {
    let response = '';
    socket.on('data', (chunk: Buffer) => {
      transfer.hasResponse = true;
      response += chunk.toString('latin1');
      if (response.includes('\0') || response.length > RESPONSE_MAX) resolve(response.replace(/\0.*$/s, ''));
    });
    socket.on('error', (error) =>
      response === ''
        ? reject(isDisconnect(error) ? new ScannerDisconnected(error.message) : error)
        : resolve(response),
    );
    socket.on('end', () =>
      response === '' ? reject(new ScannerDisconnected('the scanner closed the connection')) : resolve(response),
    );
    socket.on('close', () => resolve(response));
  });
}

/** Whether the scanner closed the connection. A timeout, a shutdown and an unreadable file also end it. */
function isDisconnect({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function verdictOf(response: string): ScanVerdict {
  if (/^stream: OK$/.test(response)) return 'clean';
  if (/ FOUND$/.test(response)) return 'malware';
  if (/ ERROR$/.test(response)) return 'impossible';
  throw new ScannerUnavailable(`the scanner responded "${response.slice(0, 100)}"`);
}
