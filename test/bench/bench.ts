import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { Generator } from './generator.js';
import type { BenchOptions } from './options.js';
import { BenchReport } from './report.js';
import { newSecret, ServerUnderTest } from './server-under-test.js';
import { World } from './world.js';

/** What all sections share: the data directory, the server over it, its users, and the generator. */
export class Bench {
  readonly report = new BenchReport();
  readonly generator = new Generator();
  private readonly directory = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  private readonly secret = newSecret();
  private running: ServerUnderTest | undefined;
  private people: World | undefined;

  constructor(readonly options: BenchOptions) {}

  get server(): ServerUnderTest {
    return this.running!;
  }

  get world(): World {
    return this.people!;
  }

  /** Starts the server after ending the running one, so that nothing measured before is in its memory. */
  async restart(): Promise<ServerUnderTest> {
    await this.stop();
    this.running = await ServerUnderTest.start(this.directory, this.secret);
    this.people = new World(this.running.databaseUrl, this.secret);
    return this.running;
  }

  async end(): Promise<void> {
    await this.generator.end();
    await this.stop();
    await EmbeddedPostgres.stopAbandoned(this.directory);
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async stop(): Promise<void> {
    await this.people?.end();
    await this.running?.end();
    this.people = undefined;
    this.running = undefined;
  }
}
