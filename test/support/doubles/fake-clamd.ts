import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

type Mode =
  'clean' | 'malware' | 'too large' | 'silent' | 'nonsense' | 'hangs up' | 'resets' | 'ends' | 'stalls' | 'holds';

/** A clamd that implements the protocol exactly and responds as its mode requires. */
export class FakeClamd {
  mode: Mode = 'clean';
  /** The received files, in order. */
  readonly received: Buffer[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly held: Socket[] = [];

  private constructor(
    private server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<FakeClamd> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const clamd = new FakeClamd(server, (server.address() as AddressInfo).port);
    server.on('connection', (socket) => clamd.serve(socket));
    return clamd;
  }

  get url(): string {
    return `tcp://127.0.0.1:${this.port}`;
  }

  /** Stops listening on its port. */
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async restart(): Promise<void> {
    this.server = createServer((socket) => this.serve(socket));
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
  }

  /** Reports the files it has held longest as clean. */
  release(count: number): void {
    for (const socket of this.held.splice(0, count)) socket.end('stream: OK\0');
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    let input = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      input = Buffer.concat([input, chunk]);
      if (this.mode === 'too large') return void socket.end('INSTREAM size limit exceeded. ERROR\0');
      // The command may arrive before anything of the file.
      const isInTheMiddle = input.length > 100_000;
      if (this.mode === 'resets' && isInTheMiddle) return void socket.resetAndDestroy();
      if (this.mode === 'ends' && isInTheMiddle) return void socket.end();
      if (this.mode === 'stalls') return void socket.pause();
      if (this.mode === 'hangs up') return void socket.destroy();
      const content = unframed(input);
      if (!content || this.mode === 'silent' || this.mode === 'resets') return;
      this.received.push(content);
      if (this.mode === 'holds') return void this.held.push(socket);
      const answers = { clean: 'stream: OK', malware: 'stream: Eicar-Test FOUND', nonsense: 'UNKNOWN COMMAND' };
      socket.end(`${answers[this.mode as 'clean']}\0`);
    });
  }
}

/** The bytes of all chunks after the empty one has arrived. */
function unframed(input: Buffer): Buffer | undefined {
  const command = 'zINSTREAM\0';
  if (input.toString('latin1', 0, command.length) !== command) return undefined;
  const chunks: Buffer[] = [];
  for (let at = command.length; at + 4 <= input.length;) {
    const length = input.readUInt32BE(at);
    if (length === 0) return Buffer.concat(chunks);
    if (at + 4 + length > input.length) return undefined;
    chunks.push(input.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return undefined;
}
