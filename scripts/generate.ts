import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import 'reflect-metadata';
import { createApp } from '../src/create-app.js';
import { Config } from '../src/platform/config/config.js';
import { startDatabaseServer } from '../src/platform/database/database-server.js';
import { migrate } from '../src/platform/database/migrate.js';
import { RATE_LIMITS } from '../src/rate-limits.js';
import { generatedFiles } from './generated-files.js';

/** Writes every generated file. `npm test` fails if one of them is out of date. */
async function generate(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-generate-'));
  const config = Config.load({ DATA_DIR: directory, LOG_LEVEL: 'error' }, RATE_LIMITS);
  const database = await startDatabaseServer(config);
  try {
    await migrate(database.url);
    const app = await createApp(config.with({ databaseUrl: database.url }));
    await app.init();
    for (const [path, text] of Object.entries(await generatedFiles(app))) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      process.stdout.write(`${path}\n`);
    }
    await app.close();
  } finally {
    await database.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

await generate();
