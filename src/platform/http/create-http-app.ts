import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger as Pino } from 'pino';
import type { Config } from '../config/config.js';
import { createLog, NestLog } from '../logging/log.js';
import { SocketIoAdapter } from '../realtime/transport/socket-io.adapter.js';
import { serveOpenApiDocument } from './openapi-document.js';
import { accessLog, cors, requestHeaders } from './request-headers.middleware.js';
import { ClientAddressResolver } from './client-address.js';
import { CLIENT_ADDRESS_RESOLVER_SETTING, FastExpressAdapter } from './fast-express-adapter.js';
import { LargeBodies, UrlEncodedRoutes, bodyParser } from './body-parser.js';
import { PUBLIC_URL_SETTING } from './public-url.js';
import { RequestsInFlight } from './requests-in-flight.js';
import { RequestValidator } from './request-validator.js';

/**
 * Creates the HTTP application of `root`, with all middleware before the routes and the adapter of its gateways. It
 * does not listen yet.
 */
export async function createHttpApp(
  root: DynamicModule,
  config: Config,
  log: Pino = createLog(config),
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(root, new FastExpressAdapter(), {
    logger: new NestLog(log),
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.useWebSocketAdapter(app.get(SocketIoAdapter));
  app.set(CLIENT_ADDRESS_RESOLVER_SETTING, app.get(ClientAddressResolver));
  app.set(PUBLIC_URL_SETTING, config.publicUrl);
  app.use(requestHeaders(app.get(RequestsInFlight), app.get(RequestValidator)));
  if (log.isLevelEnabled('debug')) app.use(accessLog(log));
  app.use(cors(config));
  app.use(bodyParser(app.get(UrlEncodedRoutes), app.get(LargeBodies)));
  serveOpenApiDocument(app);
  return app;
}
