import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger as Pino } from 'pino';
import { AppModule } from './app.module.js';
import type { Config } from './platform/config/config.js';
import { createHttpApp } from './platform/http/create-http-app.js';
import { serveProtocolDocument } from './platform/realtime/protocol/protocol-document.js';

/** Creates the whole application on a migrated database. It does not listen yet. */
export async function createApp(config: Config, log?: Pino): Promise<NestExpressApplication> {
  const app = await createHttpApp(AppModule.of(config), config, log);
  serveProtocolDocument(app);
  return app;
}
