import 'reflect-metadata';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from '../../src/create-app.js';
import { SendMessage } from '../../src/modules/messages/send-message.js';
import { UsersService } from '../../src/modules/users/users.service.js';
import { declaredStatements } from '../../src/platform/database/sql.js';
import { EventCatalogue } from '../../src/platform/event-log/event-catalogue.js';
import type { CommittedEvent, PresentedEvent } from '../../src/platform/event-log/stream-event.js';
import type { SystemRole } from '../../src/platform/http/actor.js';
import { Authenticator } from '../../src/platform/http/authenticator.js';
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

/** `POST /torture/ban?user_id=`, `/torture/role?user_id=&role=` as the bearer, `/torture/no-bus`. */
function openDoor(app: NestExpressApplication): void {
  const [users, authenticator] = [get(app, UsersService), get(app, Authenticator)];
  app.use('/torture', async (request: Request, response: Response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://host');
    const userId = searchParams.get('user_id') ?? '';
    try {
      if (pathname === '/no-bus') {
        spoilBus(app, { lose: 1, repeat: 0, delayMs: 0 });
      } else {
        const actor = await authenticator.authenticate(request.headers.authorization!.slice('Bearer '.length));
        if (pathname === '/ban') await users.ban(actor, userId, { reason: 'torture', until: null });
        else await users.setRole(actor, userId, searchParams.get('role') as SystemRole);
      }
      response.json({});
    } catch (error) {
      response.status(500).json({ error: { code: 'TORTURE', message: String(error) } });
    }
  });
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
  readonly headers: { readonly authorization?: string };
}

interface Response {
  json(body: unknown): unknown;
  status(code: number): Response;
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
  if (faults.door) openDoor(app);
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
