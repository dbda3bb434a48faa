import type { INestApplicationContext } from '@nestjs/common';
import type { Logger as Pino } from 'pino';
import 'reflect-metadata';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from '../../src/create-app.js';
import { SendMessage } from '../../src/modules/messages/send-message.js';
import { declaredStatements } from '../../src/platform/database/sql.js';
import { EventCatalogue } from '../../src/platform/event-log/event-catalogue.js';
import type { CommittedEvent, EventContent } from '../../src/platform/event-log/stream-event.js';
import { StartupBanner } from '../../src/platform/logging/startup-banner.js';
import type { Config } from '../../src/platform/config/config.js';
import { runProcess } from '../../src/platform/process/run-process.js';
import { Broadcaster } from '../../src/platform/realtime/fan-out/broadcaster.js';
import { Bus, type BusMessage } from '../../src/platform/realtime/bus/bus.js';
import { SessionReconciler } from '../../src/platform/realtime/connection/session-reconciler.js';
import { StreamDispatcher } from '../../src/platform/realtime/fan-out/stream-dispatcher.js';
import { HeadReconciler } from '../../src/platform/realtime/fan-out/head-reconciler.js';
import { RATE_LIMITS } from '../../src/rate-limits.js';
import type { Faults } from './faults.js';

/**
 * The program with switches for some of its mechanisms. They are installed from outside, the program does not know
 * them, and all of them are off until a test asks for a fault.
 */
let faults: Faults = {};

type App = NestExpressApplication;

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: { readonly authorization?: string };
}

interface Response {
  json(body: unknown): unknown;
  status(code: number): Response;
  end(body?: unknown): unknown;
}

function get<T>(app: App, token: abstract new (...args: never[]) => T): T {
  return app.get(token as new () => T, { strict: false });
}

function alterBus(app: App): void {
  const bus = get(app, Bus) as unknown as Record<'publish' | 'dispatch', (message: BusMessage) => void>;
  for (const way of ['publish', 'dispatch'] as const) {
    const pass = bus[way].bind(bus);
    bus[way] = (message) => {
      if (!faults.badBus) return pass(message);
      const { lose, repeat, delayMs } = faults.badBus;
      for (let copies = Math.random() < repeat ? 2 : 1; copies > 0; copies--) {
        if (Math.random() >= lose) setTimeout(() => pass(message), Math.random() * delayMs);
      }
    };
  }
}

function alterSweeps(app: App): void {
  const [reconciler, sessions, broadcaster] = [
    get(app, HeadReconciler),
    get(app, SessionReconciler),
    get(app, Broadcaster),
  ];
  const [run, revoke] = [reconciler.reconcile.bind(reconciler), sessions.reconcile.bind(sessions)];
  reconciler.reconcile = async () => (faults.noReconciler ? undefined : run());
  sessions.reconcile = async () => (faults.endNothing ? undefined : revoke());
  const disconnectSessions = broadcaster.disconnectSessions.bind(broadcaster);
  const disconnectUser = broadcaster.disconnectUser.bind(broadcaster);
  broadcaster.disconnectSessions = (...ended) => faults.endNothing || disconnectSessions(...ended);
  broadcaster.disconnectUser = (...ended) => faults.endNothing || disconnectUser(...ended);
}

function alterReads(app: App): void {
  const kept = new Map<string, { body: unknown; until: number }>();
  app.use((request: Request, response: Response, next: () => void) => {
    const { keepReadsMs } = faults;
    if (request.method !== 'GET' || !keepReadsMs) return next();
    const found = kept.get(request.url);
    if (found && found.until > Date.now()) return response.end(found.body);
    const end = response.end.bind(response);
    response.end = (body?: unknown) => {
      kept.set(request.url, { body, until: Date.now() + keepReadsMs });
      return end(body);
    };
    next();
  });
}

function alterTexts(app: App): void {
  const sending = get(app, SendMessage);
  const clean = sending.requireContent.bind(sending);
  sending.requireContent = (raw) =>
    faults.naiveTags ? { content: raw.replace(/<[^>]*>/g, ''), sanitized: false } : clean(raw);
}

function alterPumps(): void {
  interface PumpInside {
    readonly subscribers: Set<unknown>;
    send(users: Iterable<unknown>, event: CommittedEvent, content: EventContent, prev: number): void;
  }
  const { offer } = StreamDispatcher.prototype;
  StreamDispatcher.prototype.offer = function (this: StreamDispatcher, event: CommittedEvent): void {
    const inside = this as unknown as PumpInside;
    if (faults.deliverUnordered && event.content) inside.send(inside.subscribers, event, event.content, event.seq - 1);
    else offer.call(this, event);
  };
}

const originals = new Map<Altered, { readonly name: string; readonly text: string }>();
type Altered = { name: string; text: string };

/** Statements are prepared by name, so another text needs another name. */
function alterStatements(): void {
  for (const statement of declaredStatements() as Altered[]) {
    if (!originals.has(statement)) originals.set(statement, { ...statement });
    const { name, text } = originals.get(statement)!;
    let altered = text;
    if (faults.newestWatermark) altered = altered.replaceAll('pg_snapshot_xmin', 'pg_snapshot_xmax');
    if (faults.showHistory) altered = altered.replaceAll(`when 'since_join' then $2`, `when 'since_join' then $2 * 0`);
    statement.text = altered;
    statement.name = altered === text ? name : `${name}.altered`;
  }
}

function alterLeaving(app: App): void {
  const left = get(app, EventCatalogue).get('participant.left') as { membership?: string };
  left.membership = faults.leaversStay ? undefined : 'leave';
}

/** `POST /chaos/faults?are=<JSON>`. */
function openDoor(app: App): void {
  app.use('/chaos/faults', (request: Request, response: Response) => {
    try {
      faults = JSON.parse(new URL(request.url, 'http://host').searchParams.get('are') ?? '') as Faults;
      alterStatements();
      alterLeaving(app);
      response.json({});
    } catch (error) {
      response.status(500).json({ error: { code: 'CHAOS', message: String(error) } });
    }
  });
}

async function boot(config: Config, log: Pino): Promise<INestApplicationContext> {
  const app = await createApp(config, log);
  for (const alter of [alterBus, alterSweeps, alterReads, alterTexts, alterPumps, openDoor]) alter(app);
  await app.listen(config.port, config.host);
  app.get(StartupBanner).add('REST', `http://localhost:${new URL(await app.getUrl()).port}/api/v1`);
  return app;
}

await runProcess({ title: 'Parley', limits: RATE_LIMITS, problems: () => Promise.resolve([]), boot });
