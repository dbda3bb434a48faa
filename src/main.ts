import 'reflect-metadata';
import { createApp } from './create-app.js';
import { createWorker } from './create-worker.js';
import { BannerLines } from './platform/logging/banner.js';
import { runProcess } from './platform/process/run-process.js';

await runProcess('Parley', async (config, log) => {
  if (config.processRole === 'worker') return createWorker(config, log);
  const app = await createApp(config, log);
  await app.listen(config.port, config.host);
  const { port } = new URL(await app.getUrl());
  const address = `http://localhost:${port || 80}`;
  const banner = app.get(BannerLines);
  banner.add('REST', `${address}/api/v1`);
  banner.add('Documents', `${address}/docs`);
  banner.add('Socket.IO', address);
  banner.add('WebSocket', `${address.replace('http', 'ws')}/api/v1/realtime`);
  return app;
});
