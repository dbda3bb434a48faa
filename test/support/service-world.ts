import { getQueueToken } from '@nestjs/bullmq';
import type { Abstract, Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { AuditLogModule } from '../../src/modules/admin/audit/audit-log.module.js';
import type { ParticipantRole } from '../../src/modules/participants/participant-roles.js';
import { StreamAccessModule } from '../../src/modules/participants/stream-access.module.js';
import type { Environment } from '../../src/platform/config/config.js';
import { ConfigModule } from '../../src/platform/config/config.module.js';
import { DatabaseModule } from '../../src/platform/database/database.module.js';
import { EventLogModule } from '../../src/platform/event-log/event-log.module.js';
import { CommitListener, type CommittedEvent } from '../../src/platform/event-log/stream-event.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { QUEUE_NAMES } from '../../src/platform/queue/queue-depths.js';
import { Bus, InProcessBus } from '../../src/platform/realtime/bus/bus.js';
import { Broadcaster } from '../../src/platform/realtime/fan-out/broadcaster.js';
import { FanOutModule } from '../../src/platform/realtime/fan-out/fan-out.module.js';
import { ThrottlingModule } from '../../src/platform/throttling/throttling.module.js';
import { TracingModule } from '../../src/platform/tracing/tracing.module.js';
import { RecordingBroadcaster } from './doubles/recording-broadcaster.js';
import { RecordingListener } from './doubles/recording-listener.js';
import { RecordingQueue } from './doubles/recording-queue.js';
import { createActor, createConversation, type UserFacts } from './send-path.js';
import { testConfig } from './test-app.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

type Port = Type<object> | Abstract<object>;

/** The part of the program that a `ServiceWorld` contains. */
export interface ServiceParts {
  /** The modules of one context. */
  readonly modules: readonly Type[];
  /** Doubles for further ports of the context. */
  readonly doubles?: readonly (readonly [Port, object])[];
  /** Classes that act by themselves, such as pollers and workers of queues: the test calls what they would call. */
  readonly idle?: readonly Type[];
  readonly environment?: Environment;
}

/**
 * The services of one context over a real database, with the event log and the platform below them. What leaves the
 * process is recorded: announced events, signals and jobs. There is no HTTP, no socket and no worker.
 */
export class ServiceWorld {
  private count = 0;

  private constructor(
    readonly database: TestDatabase,
    private readonly module: TestingModule,
  ) {}

  static async start({ modules, doubles = [], idle = [], environment }: ServiceParts): Promise<ServiceWorld> {
    const database = await createTestDatabase();
    const ports: (readonly [Port, object])[] = [
      [CommitListener, new RecordingListener()],
      [Broadcaster, new RecordingBroadcaster()],
      [Bus, new InProcessBus()],
      ...doubles,
    ];
    const providers = [Metrics, ...ports.map(([provide, useValue]) => ({ provide, useValue }))];
    const portsModule = { module: class PortsModule {}, global: true, providers, exports: providers };
    const config = ConfigModule.of(testConfig(database.url, environment));
    const platform = [
      DatabaseModule,
      config,
      ThrottlingModule,
      TracingModule,
      portsModule,
      EventLogModule,
      FanOutModule,
    ];
    const builder = Test.createTestingModule({
      imports: [...platform, StreamAccessModule, AuditLogModule, ...modules],
    });
    for (const [port, double] of ports) builder.overrideProvider(port).useValue(double);
    for (const type of idle) builder.overrideProvider(type).useValue({});
    for (const name of QUEUE_NAMES) builder.overrideProvider(getQueueToken(name)).useValue(new RecordingQueue());
    return new ServiceWorld(database, await (await builder.compile()).init());
  }

  /** A provider of the modules. */
  get<Provider>(type: Type<Provider> | Abstract<Provider>): Provider {
    return this.module.get<Provider>(type, { strict: false });
  }

  queue<Data>(name: string): RecordingQueue<Data> {
    return this.module.get<RecordingQueue<Data>>(getQueueToken(name), { strict: false });
  }

  /** The events announced on a stream: to the participants of a conversation, or to one user. */
  announced(streamId: string): CommittedEvent[] {
    return (this.get(CommitListener) as RecordingListener).events.filter((event) => event.streamId === streamId);
  }

  /** A user with a session, created in SQL. */
  actor(name: string, facts?: UserFacts): Promise<Actor> {
    return createActor(this.database, `${name}${process.pid}-${this.count++}`, facts);
  }

  async actors<Names extends readonly string[]>(...names: Names): Promise<{ [Index in keyof Names]: Actor }> {
    const actors: Actor[] = [];
    for (const name of names) actors.push(await this.actor(name));
    return actors as { [Index in keyof Names]: Actor };
  }

  /** A group or room, created in SQL, whose users joined in this order an hour ago. Nothing of it was announced. */
  async conversation(
    owner: Actor,
    others: readonly (Actor | readonly [Actor, ParticipantRole])[] = [],
    type: 'group' | 'room' = 'group',
  ): Promise<string> {
    const members = others.map((other) => ('userId' in other ? ([other, 'participant'] as const) : other));
    const actors = [owner, ...members.map(([actor]) => actor)];
    const id = await createConversation(this.database, actors);
    await this.database.query(
      `with head as (update stream_heads set last_seq = cardinality($2::uuid[]) where stream_id = $1),
            created as (update conversations set type = $4, created_by = ($2::uuid[])[1] where id = $1)
       update participants p set role = m.role, joined_seq = m.position, joined_at = now() - interval '1 hour'
         from unnest($2::uuid[], $3::text[]) with ordinality as m (user_id, role, position)
        where p.conversation_id = $1 and p.user_id = m.user_id`,
      [id, actors.map(({ userId }) => userId), ['owner', ...members.map(([, role]) => role)], type],
    );
    return id;
  }

  async stop(): Promise<void> {
    await this.module.close();
    await this.database.drop();
  }
}
