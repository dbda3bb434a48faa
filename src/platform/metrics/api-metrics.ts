import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Health } from '../health/health.js';
import { RequestsInFlight } from '../http/requests-in-flight.js';
import { OnConnection, type OpenedConnection } from '../realtime/connection/connection-changes.js';
import { Connections } from '../realtime/connection/connections.js';
import { FanOut } from '../realtime/fan-out/fan-out.js';
import { Metrics, type Sample } from './metrics.js';

/** Metrics of requests, of connections and of deliveries. */
@Injectable()
export class ApiMetrics implements OnModuleInit {
  private events = 0;
  private frames = 0;

  constructor(
    private readonly metrics: Metrics,
    private readonly requests: RequestsInFlight,
    private readonly connections: Connections,
    private readonly fanOut: FanOut,
    private readonly health: Health,
  ) {}

  onModuleInit(): void {
    const { metrics, requests, connections, fanOut, health } = this;
    requests.observe((status, ms) => {
      metrics.count('parley_http_requests_total', { status: `${Math.floor(status / 100)}xx` });
      metrics.observe('parley_http_request_seconds', ms / 1000);
    });
    metrics.registerCallback('parley_http_in_flight', () => [{ value: requests.size }]);
    metrics.registerCallback('parley_connections', () => this.byTransport());
    metrics.registerCallback('parley_connections_closed_total', () =>
      [...connections.closedByCode].map(([code, value]) => ({ value, labels: { code } })),
    );
    metrics.registerCallback('parley_connections_slow', () => [{ value: connections.slow.size }]);
    fanOut.observe((_event, frames) => {
      this.events++;
      this.frames += frames;
    });
    metrics.registerCallback('parley_events_delivered_total', () => [{ value: this.events }]);
    health.registerMetric('active_connections', () => connections.size);
    metrics.registerCallback('parley_deliveries_total', () => [{ value: this.frames }]);
  }

  @OnConnection('opened')
  countOpened({ kind, openedInMs }: OpenedConnection): void {
    this.metrics.count('parley_connections_opened_total', { transport: kind });
    this.metrics.observe('parley_connection_open_seconds', openedInMs / 1000);
  }

  @OnConnection('refused')
  countRefused(code: string): void {
    this.metrics.count('parley_connections_refused_total', { code });
  }

  private byTransport(): Sample[] {
    const counts = { websocket: 0, 'socket.io': 0 };
    for (const { kind } of this.connections) counts[kind]++;
    return Object.entries(counts).map(([transport, value]) => ({ value, labels: { transport } }));
  }
}
