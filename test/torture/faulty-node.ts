import 'reflect-metadata';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from '../../src/create-app.js';
import { SendMessage } from '../../src/modules/messages/send-message.js';
import { declaredStatements } from '../../src/platform/database/sql.js';
import { EventCatalogue } from '../../src/platform/event-log/event-catalogue.js';
import type { CommittedEvent, PresentedEvent } from '../../src/platform/event-log/stream-event.js';
import { BannerLines } from '../../src/platform/logging/banner.js';
import { runProcess } from '../../src/platform/process/run-process.js';
import { Broadcaster } from '../../src/platform/realtime/broadcaster.js';
import { Bus, type BusMessage } from '../../src/platform/realtime/bus/bus.js';
import { RealtimeSettings } from '../../src/platform/realtime/realtime-settings.js';
import { StreamPump } from '../../src/platform/realtime/stream-pump.js';
import { Sweep } from '../../src/platform/realtime/sweep.js';
import { FAULTS_VARIABLE, type Faults } from './faults.js';

/** The program, with mechanisms switched off from outside: it knows nothing of this. */
const faults = JSON.parse(process.env[FAULTS_VARIABLE] ?? '{}') as Faults;

function get<T>(app: NestExpressApplication, token: abstract new (...args: never[]) => T): T {
  return app.get(token as new () => T, { strict: false });
}

function spoilBus(app: NestExpressApplication, { lose, repeat, delayMs }: Required<Faults>['badBus']): void {
  const bus = get(app, Bus) as unknown as Record<'publish' | 'dispatch', (message: BusMessage) => void>;
  for (const way of ['publish', 'dispatch'] as const) {
    const pass = bus[way].bind(bus);
    bus[way] = (message) => {
      for (let copies = Math.random() < repeat ? 2 : 1; copies > 0; copies--) {
        if (Math.random() >= lose) setTimeout(() => pass(message), Math.random() * delayMs);
      }
    };
  }
}

function moveWatermarks(): void {
  for (const statement of declaredStatements() as { text: string }[]) {
    statement.text = statement.text.replaceAll('pg_snapshot_xmin', 'pg_snapshot_xmax');
  }
}

function endNothing(app: NestExpressApplication): void {
  get(app, RealtimeSettings).revocationSweepMs = 2 ** 30;
  const broadcaster = get(app, Broadcaster);
  broadcaster.endSessions = () => undefined;
  broadcaster.endUser = () => undefined;
}

function keepReads(app: NestExpressApplication, forMs: number): void {
  const kept = new Map<string, { body: unknown; until: number }>();
  app.use((request: Request, response: Response, next: () => void) => {
    if (request.method !== 'GET') return next();
    const found = kept.get(request.url);
    if (found && found.until > Date.now()) return response.json(found.body);
    const json = response.json.bind(response);
    response.json = (body) => {
      kept.set(request.url, { body, until: Date.now() + forMs });
      return json(body);
    };
    next();
  });
}

interface Request {
  readonly method: string;
  readonly url: string;
}

interface Response {
  json(body: unknown): unknown;
}

function deliverUnordered(): void {
  interface PumpInside {
    readonly receivers: Set<unknown>;
    send(users: Iterable<unknown>, event: CommittedEvent, presented: PresentedEvent, prev: number): void;
  }
  const { offer } = StreamPump.prototype;
  StreamPump.prototype.offer = function (this: StreamPump, event: CommittedEvent): void {
    const inside = this as unknown as PumpInside;
    if (event.presented) inside.send(inside.receivers, event, event.presented, event.seq - 1);
    else offer.call(this, event);
  };
}

function alterBeforeStart(app: NestExpressApplication): void {
  if (faults.badBus) spoilBus(app, faults.badBus);
  if (faults.noSweep) get(app, Sweep).run = () => Promise.resolve();
  if (faults.newestWatermark) moveWatermarks();
  if (faults.revocationSweepMs) get(app, RealtimeSettings).revocationSweepMs = faults.revocationSweepMs;
  if (faults.endNothing) endNothing(app);
  if (faults.keepReadsMs) keepReads(app, faults.keepReadsMs);
  if (faults.deliverUnordered) deliverUnordered();
  if (faults.naiveTags) {
    get(app, SendMessage).cleanContent = (raw) => ({ content: raw.replace(/<[^>]*>/g, ''), sanitized: false });
  }
}

function alterAfterStart(app: NestExpressApplication): void {
  if (!faults.leaversStay) return;
  const left = get(app, EventCatalogue).get('participant.left') as { membership?: string };
  left.membership = undefined;
}

await runProcess('Parley', async (config, log) => {
  const app = await createApp(config, log);
  alterBeforeStart(app);
  await app.listen(config.port, config.host);
  alterAfterStart(app);
  app.get(BannerLines).add('REST', `http://localhost:${new URL(await app.getUrl()).port}/api/v1`);
  return app;
});
