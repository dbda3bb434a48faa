import { Agent, request } from 'node:http';
import type { SampleFile } from '../fixtures/sample-files.js';
import { Latencies } from './latencies.js';

const BOUNDARY = 'a-boundary-that-is-in-no-file';

export interface UploadResult {
  readonly uploads: number;
  readonly seconds: number;
  readonly failures: number;
  readonly p50?: number;
  readonly p99?: number;
}

/** Uploads the same file repeatedly over persistent connections; the form is created once. */
export class UploadClient {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly form: readonly Buffer[];

  /** Without tokens the server is a bare one. */
  constructor(
    private readonly port: number,
    private readonly path: string,
    { name, type, bytes }: SampleFile,
    private readonly tokens: readonly (string | undefined)[],
  ) {
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`;
    this.form = [Buffer.from(head), bytes, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)];
  }

  /** Every connection uploads again as soon as the response has arrived, until the time is over. */
  async loop(seconds: number): Promise<UploadResult> {
    const log = new Latencies();
    let failures = 0;
    const begunAt = performance.now();
    const until = begunAt + seconds * 1000;
    await Promise.all(
      this.tokens.map(async (token) => {
        while (performance.now() < until) {
          const at = performance.now();
          if ((await this.upload(token)) === 201) log.record(performance.now() - at);
          else failures += 1;
        }
      }),
    );
    const { count = 0, p50, p99 } = log.summary() ?? {};
    return { uploads: count, seconds: (performance.now() - begunAt) / 1000, failures, p50, p99 };
  }

  /** Every connection uploads once, all at the same time. @throws Error if one is refused */
  async allAtOnce(): Promise<void> {
    const answers = await Promise.all(this.tokens.map((token) => this.upload(token)));
    const refused = answers.find((status) => status !== 201);
    if (refused !== undefined) throw new Error(`an upload was answered ${refused}`);
  }

  end(): void {
    this.agent.destroy();
  }

  private upload(token: string | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const call = request({
        ...{ host: '127.0.0.1', port: this.port, path: this.path, method: 'POST', agent: this.agent },
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
          'content-length': this.form.reduce((sum, { length }) => sum + length, 0),
        },
      });
      call.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode!)));
      call.on('error', reject);
      for (const piece of this.form) call.write(piece);
      call.end();
    });
  }
}
