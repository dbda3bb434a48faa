import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { Global, Module, type DynamicModule, type Type, type WebSocketAdapter } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { Config } from '../../src/platform/config/config.js';
import { ConfigModule } from '../../src/platform/config/config.module.js';
import { DrainCoordinator } from '../../src/platform/health/drain-coordinator.js';
import { Authenticator } from '../../src/platform/identity/authenticator.js';
import { Gateway, OnFrame } from '../../src/platform/realtime/commands/gateway.decorators.js';
import { type ClosedConnection, OnConnection } from '../../src/platform/realtime/connection/connection-changes.js';
import { SlowConsumerRecovery, type LiveConnection } from '../../src/platform/realtime/connection/live-connection.js';
import { ConnectionAttacher } from '../../src/platform/realtime/resume/connection-attacher.js';
import { RealtimeSettings } from '../../src/platform/realtime/connection/realtime-settings.js';
import { RealtimeModule } from '../../src/platform/realtime/realtime.module.js';
import { SocketIoAdapter } from '../../src/platform/realtime/transport/socket-io.adapter.js';
import { ThrottlingModule } from '../../src/platform/throttling/throttling.module.js';
import { TextField } from '../../src/platform/validation/fields.js';
import { JsonField } from '../../src/platform/validation/json-field.js';
import { FakeAuthenticator } from './doubles/fake-authenticator.js';
import { FakeFanOut } from './doubles/fake-fan-out.js';
import { TYPING_LIMIT } from '../../src/modules/presence/presence.limits.js';
import { RATE_LIMITS } from '../../src/rate-limits.js';
import { CALL_LIMIT } from '../../src/platform/throttling/limits.js';

export class EchoDto {
  @TextField({ max: 5000 })
  text: string;

  @JsonField({ maxBytes: 4096, optional: true })
  metadata?: object;
}

export class NothingDto {}

/** Requests of the tests: one that replies at once, one that waits for the test, one that fails. */
@Gateway()
export class TestGateway {
  /** Called when a connection that was signed in has ended. */
  onClosed: (connection: ClosedConnection) => void = () => {};
  readonly started: string[] = [];
  readonly waiting: (() => void)[] = [];

  @OnConnection('closed')
  closed(connection: ClosedConnection): void {
    this.onClosed(connection);
  }

  @OnFrame('test.echo', EchoDto, { limit: CALL_LIMIT, summary: 'Answers the same text' })
  echo(_connection: LiveConnection, { text }: EchoDto): { text: string } {
    return { text };
  }

  @OnFrame('test.wait', EchoDto, { limit: CALL_LIMIT, summary: 'Answers when the test says so' })
  async wait(_connection: LiveConnection, { text }: EchoDto): Promise<{ text: string }> {
    this.started.push(text);
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    return { text };
  }

  @OnFrame('test.break', NothingDto, { limit: CALL_LIMIT, summary: 'Fails as a defect would' })
  break(): never {
    throw new Error('a secret of the inside');
  }

  @OnFrame('test.limited', NothingDto, { limit: TYPING_LIMIT, summary: 'Has a limit of its own' })
  limited(): object {
    return {};
  }
}

/** A request of another protocol. */
@Gateway('lines')
export class LinesGateway {
  @OnFrame('echo', EchoDto, { limit: CALL_LIMIT, summary: 'Answers the same text' })
  echo(_connection: LiveConnection, { text }: EchoDto): { text: string } {
    return { text };
  }
}

@Global()
@Module({
  providers: [
    FakeAuthenticator,
    { provide: Authenticator, useExisting: FakeAuthenticator },
    FakeFanOut,
    { provide: ConnectionAttacher, useExisting: FakeFanOut },
    { provide: SlowConsumerRecovery, useExisting: FakeFanOut },
    DrainCoordinator,
    TestGateway,
    LinesGateway,
  ],
  exports: [Authenticator, ConnectionAttacher, SlowConsumerRecovery, DrainCoordinator],
})
class FakesModule {}

export interface RealtimeApp {
  readonly app: NestExpressApplication;
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly authenticator: FakeAuthenticator;
  readonly fanOut: FakeFanOut;
  readonly gateway: TestGateway;
  close(): Promise<void>;
}

export interface RealtimeAppParts {
  readonly imports?: Type[];
  readonly adapterOf?: (app: NestExpressApplication) => WebSocketAdapter;
}

function modules(config: Config): (DynamicModule | Type)[] {
  return [ConfigModule.of(config), ThrottlingModule, FakesModule, RealtimeModule];
}

/** Only the realtime part of the program, on a free port, with doubles for everything else: no database is needed. */
export async function startRealtimeApp(
  settings: Partial<RealtimeSettings> = {},
  environment: Record<string, string> = {},
  { imports = [], adapterOf = (app) => app.get(SocketIoAdapter) }: RealtimeAppParts = {},
): Promise<RealtimeApp> {
  const config = Config.load(
    {
      DATA_DIR: tmpdir(),
      JWT_SECRET: randomBytes(48).toString('base64'),
      RATE_LIMIT_MULTIPLIER: '100000',
      SHED_LOOP_LAG_MS: '0',
      ...environment,
    },
    RATE_LIMITS,
  );
  const testing = await Test.createTestingModule({ imports: [...modules(config), ...imports] })
    .overrideProvider(RealtimeSettings)
    .useValue(Object.assign(new RealtimeSettings(), settings))
    .compile();
  const app = testing.createNestApplication<NestExpressApplication>({ forceCloseConnections: true, logger: false });
  app.useWebSocketAdapter(adapterOf(app));
  try {
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  const url = await app.getUrl();
  return {
    app,
    url,
    port: Number(new URL(url).port),
    authenticator: app.get(FakeAuthenticator),
    fanOut: app.get(FakeFanOut),
    gateway: app.get(TestGateway),
    close: () => app.close(),
  };
}
