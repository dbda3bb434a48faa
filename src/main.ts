import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import type { Logger as Pino } from 'pino';
import './platform/process/source-stacks.js';
import type { Config } from './platform/config/config.js';
import { StartupBanner } from './platform/logging/startup-banner.js';
import { runProcess } from './platform/process/run-process.js';
import { RATE_LIMITS } from './rate-limits.js';
import { settingProblems } from './setting-checks.js';

const load = () => Promise.all([import('./create-app.js'), import('./create-worker.js')]);

async function boot(config: Config, log: Pino): Promise<INestApplicationContext> {
  const [{ createApp }, { createWorker }] = await load();
  if (config.processRole === 'worker') return createWorker(config, log);
  const app = await createApp(config, log);
  try {
    await app.listen(config.port, config.host);
  } catch (error) {
    await app.close(); // its workers must not outlive the database
    throw error;
  }
  const { port } = new URL(await app.getUrl());
  const baseUrl = `http://localhost:${port || 80}`;
  const banner = app.get(StartupBanner);
  banner.add('REST', `${baseUrl}/api/v1`);
  banner.add('Documents', `${baseUrl}/docs`);
  banner.add('Socket.IO', baseUrl);
  banner.add('WebSocket', `${baseUrl.replace('http', 'ws')}/api/v1/realtime`);
  return app;
}

void runProcess({ title: 'Parley', limits: RATE_LIMITS, problems: settingProblems, load, boot });
