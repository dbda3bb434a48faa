import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config.js';
import { MetricsAccess } from './metrics-access.js';
import { Metrics } from './metrics.js';

/**
 * Serves the metrics on a separate port (`METRICS_PORT`): for workers, and for networks in which the public port must
 * not serve them.
 */
@Injectable()
export class MetricsServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Metrics');
  private server: Server | undefined;

  constructor(
    private readonly config: Config,
    private readonly metrics: Metrics,
    private readonly access: MetricsAccess,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { metricsPort, host } = this.config;
    if (metricsPort === undefined) return;
    this.server = createServer((request, response) => void this.respond(request, response));
    this.server.listen(metricsPort, host);
    await once(this.server, 'listening');
    this.logger.log('metrics are served', { port: (this.server.address() as AddressInfo).port });
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.server) return;
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** 0 when it does not listen. */
  get port(): number {
    return (this.server?.address() as AddressInfo | null | undefined)?.port ?? 0;
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.method !== 'GET' || request.url !== '/metrics') throw new Error('no such route');
      this.access.requireAccess(request);
    } catch {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    response.setHeader('Cache-Control', 'no-store');
    response.end(await this.metrics.text());
  }
}
