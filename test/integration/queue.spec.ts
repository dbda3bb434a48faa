import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Job, Queue } from 'bullmq';
import { AppModule } from '../../src/app.module.js';
import { createHttpApp } from '../../src/platform/http/create-http-app.js';
import { QueueModule } from '../../src/platform/queue/queue.module.js';
import { testConfig } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

@Injectable()
class Letters {
  constructor(@InjectQueue('letters') readonly queue: Queue) {}
}

@Module({ imports: [QueueModule.register('letters')], providers: [Letters], exports: [Letters] })
class LettersModule {}

const seen: string[] = [];
const work = new EventEmitter();

@Processor('letters')
class LettersProcessor extends WorkerHost {
  constructor(@InjectQueue('letters') private readonly queue: Queue) {
    super();
  }

  async process(job: Job<{ id: string }>): Promise<void> {
    seen.push(job.data.id);
    work.emit('done');
    if (job.data.id === 'broken' && job.attemptsMade === 0) throw new Error('once');
    if (job.data.id !== 'question') return;
    await once(this.worker, 'closing');
    await this.queue.add('letter', { id: 'answer' });
  }
}

@Module({ imports: [QueueModule.register('letters')], providers: [LettersProcessor] })
class LettersWorkerModule {}

/** A worker of the given class whose pool ends during its work, as when a start fails; a timer ends the process. */
const WORKER_WITHOUT_POOL = `
  import pg from 'pg';
  import { createPostgresBackend, setDefaultBackendFactory, Worker } from 'bullmq';
  import { LoggedWorker } from './dist/src/platform/queue/logged-queue.js';
  setDefaultBackendFactory(createPostgresBackend);
  const [name, url] = process.argv.slice(1);
  const pool = new pg.Pool({ connectionString: url, options: '-c search_path=bullmq,public' });
  const worker = new (name === 'LoggedWorker' ? LoggedWorker : Worker)('no-pool', async () => undefined, { connection: pool });
  worker.on('error', () => setTimeout(() => process.exit(42), 500));
  await worker.waitUntilReady();
  await worker.backend.disconnectBlocking();
  worker.drained = false;
  console.log('without a pool');
  await pool.end();`;

describe('a queue on PostgreSQL', () => {
  let database: TestDatabase;
  const apps: NestExpressApplication[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
  });
  afterAll(() => database.drop());

  const start = async (...extra: (typeof LettersModule)[]): Promise<NestExpressApplication> => {
    const config = testConfig(database.url);
    const root: DynamicModule = { module: class Root {}, imports: [AppModule.of(config), LettersModule, ...extra] };
    const app = await createHttpApp(root, config);
    apps.push(app);
    return app.init();
  };
  const until = async (isTrue: () => boolean): Promise<void> => {
    while (!isTrue()) await once(work, 'done');
  };

  it('stores jobs until a worker starts, and runs each of them', async () => {
    const api = await start();
    await api
      .get(Letters, { strict: false })
      .queue.addBulk(['one', 'two'].map((id) => ({ name: 'letter', data: { id } })));
    await apps.pop()?.close();
    expect(seen).toEqual([]);
    await start(LettersWorkerModule);
    await until(() => seen.length === 2);
    expect([...seen].sort()).toEqual(['one', 'two']);
  });

  it('retries a failed job', async () => {
    const both = await start(LettersWorkerModule);
    await both.get(Letters, { strict: false }).queue.add('letter', { id: 'broken' }, { attempts: 2 });
    await until(() => seen.filter((id) => id === 'broken').length === 2);
  });

  it('accepts a job that another one adds during the shutdown of the process', async () => {
    const first = await start(LettersWorkerModule);
    await first.get(Letters, { strict: false }).queue.add('letter', { id: 'question' });
    await until(() => seen.includes('question'));
    await apps.pop()?.close();
    await start(LettersWorkerModule);
    await until(() => seen.includes('answer'));
  });

  it('leaves turns for timers and signals while its store fails, unlike a worker of the library', async () => {
    const exitCodeOf = async (name: string, patienceMs: number): Promise<unknown> => {
      const args = ['--input-type=module', '-e', WORKER_WITHOUT_POOL, name, database.url];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(child, 'exit');
      await once(child.stdout, 'data');
      const deadline = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      const [exitCode] = (await exited) as unknown[];
      clearTimeout(deadline);
      return exitCode;
    };
    expect(await exitCodeOf('LoggedWorker', 15_000)).toBe(42);
    expect(await exitCodeOf('Worker', 3000)).toBeNull();
  }, 60_000);
});
