import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Clamd, ScannerDisconnected, ScannerUnavailable } from '../../src/modules/files/clamd.js';
import { S3Storage } from '../../src/modules/files/storage/s3-storage.js';
import { FakeClamd } from '../support/doubles/fake-clamd.js';
import { FakeS3 } from '../support/doubles/fake-s3.js';

const SILENCE_MS = 1500;
const KEY = '01890000-0000-7000-8000-000000000000.upload';

describe('a slow or silent file store', () => {
  let store: FakeS3;
  let storage: S3Storage;
  let folder: string;

  beforeEach(async () => {
    store = await FakeS3.start();
    folder = mkdtempSync(join(tmpdir(), 'parley-silent-'));
    const { S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = store.environment;
    const settings = {
      endpoint: `${S3_ENDPOINT}/${S3_BUCKET}`,
      region: 'us-east-1',
      accessKeyId: S3_ACCESS_KEY_ID!,
      secretAccessKey: S3_SECRET_ACCESS_KEY!,
      redirects: false,
    };
    storage = new S3Storage(settings, () => join(folder, 'copy'), SILENCE_MS);
  });
  afterEach(async () => {
    await store.stop();
    rmSync(folder, { recursive: true });
  });

  const copy = (): Promise<string> => storage.withLocalCopy(KEY, (path) => readFile(path, 'utf8'));

  it('may take longer for a file than the limit of silence', async () => {
    const dribble = async (response: ServerResponse): Promise<void> => {
      for (const piece of '01234') {
        response.write(piece);
        await delay(SILENCE_MS / 3);
      }
      response.end();
    };
    store.onGet = (response) => void dribble(response);
    expect(await copy()).toBe('01234');
  });

  it.each(['the middle', 'the beginning'])(
    'is unavailable if it falls silent in %s, and is disconnected',
    async (where) => {
      const closed = new Promise((resolve) => {
        store.onGet = (response) => {
          response.once('close', resolve);
          if (where === 'the middle') response.write('01');
        };
      });
      await expect(copy()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
      await closed;
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('is disconnected during a long refusal', async () => {
    const closed = new Promise((resolve) => {
      store.onGet = (response) => {
        response.once('close', resolve);
        response.writeHead(500).write('no');
      };
    });
    await expect(copy()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await closed;
  });

  it('is disconnected at once when the reader disconnects', async () => {
    const closed = new Promise((resolve) => {
      store.onGet = (response) => {
        response.once('close', resolve);
        response.write('01');
      };
    });
    const stream = await storage.open(KEY);
    await once(stream.resume(), 'data');
    stream.destroy();
    await closed;
  });
});

describe('a scanner in the middle of a file', () => {
  let clamd: FakeClamd;
  let folder: string;
  let path: string;

  beforeAll(async () => {
    clamd = await FakeClamd.start();
    folder = mkdtempSync(join(tmpdir(), 'parley-scan-'));
    path = join(folder, 'large');
    writeFileSync(path, Buffer.alloc(30_000_000));
  });
  afterAll(async () => {
    await clamd.stop();
    rmSync(folder, { recursive: true });
  });

  const failure = (silenceMs?: number): Promise<unknown> =>
    new Clamd(clamd.url, silenceMs).scan(path).catch((error: unknown) => error);

  it('is unavailable if it stops reading, which implies nothing about the file', async () => {
    clamd.mode = 'stalls';
    const error = await failure(SILENCE_MS);
    expect(error).toEqual(new ScannerUnavailable('no response in time'));
    expect(error).not.toBeInstanceOf(ScannerDisconnected);
  });

  it.each(['resets', 'ends'] as const)('disconnects because of the file if it %s', async (how) => {
    clamd.mode = how;
    expect(await failure()).toBeInstanceOf(ScannerDisconnected);
  });
});
