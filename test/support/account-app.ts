import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AbstractWsAdapter } from '@nestjs/websockets';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { AuditLogModule } from '../../src/modules/admin/audit/audit-log.module.js';
import { AuthModule } from '../../src/modules/auth/auth.module.js';
import { UsersModule } from '../../src/modules/users/users.module.js';
import type { Config, Environment } from '../../src/platform/config/config.js';
import { ConfigModule } from '../../src/platform/config/config.module.js';
import { DatabaseModule } from '../../src/platform/database/database.module.js';
import { EventLogModule } from '../../src/platform/event-log/event-log.module.js';
import { CommitListener, type CommittedEvent } from '../../src/platform/event-log/stream-event.js';
import { HealthModule } from '../../src/platform/health/health.module.js';
import { createHttpApp } from '../../src/platform/http/create-http-app.js';
import { HttpModule } from '../../src/platform/http/http.module.js';
import { LoggingModule } from '../../src/platform/logging/startup-banner.js';
import { Broadcaster } from '../../src/platform/realtime/fan-out/broadcaster.js';
import { SocketIoAdapter } from '../../src/platform/realtime/transport/socket-io.adapter.js';
import { ThrottlingModule } from '../../src/platform/throttling/throttling.module.js';
import { testConfig } from './test-app.js';
import { attachTestDatabase, createTestDatabase, type TestDatabase } from './test-database.js';

/** Records what would have been sent to sockets. */
export class RecordingBroadcaster extends Broadcaster {
  readonly endedSessions: string[] = [];
  readonly endedUsers: string[] = [];
  toStream(): void {}
  toUsers(): void {}
  endSessions(_userId: string, sessionIds: string[]): void {
    this.endedSessions.push(...sessionIds);
  }
  endKeys(): void {}
  changeRole(): void {}
  endUser(userId: string): void {
    this.endedUsers.push(userId);
  }
}

/** Records what was committed. */
export class RecordingListener extends CommitListener {
  readonly events: CommittedEvent[] = [];
  committed(events: CommittedEvent[]): void {
    this.events.push(...events);
  }
}

/** Gateways without a server: these tests open no sockets. */
class NoSocketsAdapter extends AbstractWsAdapter {
  create(): { on(): void; close(): void } {
    return { on: () => undefined, close: () => undefined };
  }
  override bindClientConnect(): void {}
  bindMessageHandlers(): void {}
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

@Global()
@Module({
  providers: [
    { provide: Broadcaster, useClass: RecordingBroadcaster },
    { provide: CommitListener, useClass: RecordingListener },
    { provide: SocketIoAdapter, useFactory: () => new NoSocketsAdapter() },
  ],
  exports: [Broadcaster, CommitListener],
})
class RecordingModule {}

/** The program up to `auth`, without the modules above it except the audit log. */
@Module({})
class AccountRoot {
  static of(config: Config): DynamicModule {
    return {
      module: AccountRoot,
      imports: [
        DatabaseModule,
        ConfigModule.of(config),
        LoggingModule,
        HealthModule,
        ThrottlingModule,
        HttpModule,
        EventLogModule,
        AuditLogModule,
        RecordingModule,
        UsersModule,
        AuthModule,
      ],
    };
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** JSON of any shape: tests access what they expect. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export interface Call {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export const PASSWORD = 'correct horse battery';

export class AccountApp {
  private constructor(
    readonly app: NestExpressApplication,
    readonly url: string,
    readonly config: Config,
    readonly database: TestDatabase,
    private readonly dataDir: string,
  ) {}

  static async start(overrides: Environment = {}): Promise<AccountApp> {
    const dataDir = mkdtempSync(join(tmpdir(), 'parley-data-'));
    const { DATABASE_URL: shared } = overrides;
    const database = shared ? attachTestDatabase(shared) : await createTestDatabase();
    const config = testConfig(database.url, { DATA_DIR: dataDir, TRUST_PROXY: '1', ...overrides });
    const app = await createHttpApp(AccountRoot.of(config), config);
    try {
      await app.listen(0, '127.0.0.1');
    } catch (error) {
      await app.close();
      await database.drop();
      throw error;
    }
    return new AccountApp(app, await app.getUrl(), config, database, dataDir);
  }

  get sockets(): RecordingBroadcaster {
    return this.app.get(Broadcaster);
  }

  get commits(): RecordingListener {
    return this.app.get(CommitListener);
  }

  async call(method: string, path: string, { token, body, headers }: Call = {}): Promise<Answer> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
  }

  /** A new account, logged in. */
  async user(
    username: string,
  ): Promise<{ id: string; username: string; token: string; refresh: string; device: string }> {
    const body = { email: `${username}@example.com`, username, password: PASSWORD };
    const registered = await this.call('POST', '/auth/register', { body });
    if (registered.status !== 201) throw new Error(JSON.stringify(registered.body));
    const { body: login } = await this.login(username);
    const { access_token: token, refresh_token: refresh, device_token: device } = login;
    return { id: registered.body.id as string, username, token, refresh, device };
  }

  login(login: string, password = PASSWORD, more: object = {}, headers?: Record<string, string>): Promise<Answer> {
    return this.call('POST', '/auth/login', { body: { login, password, ...more }, headers });
  }

  refresh(refreshToken: string): Promise<Answer> {
    return this.call('POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
  }

  me(token: string): Promise<Answer> {
    return this.call('GET', '/users/me', { token });
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.database.drop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** An identity provider with one key, on a free port. */
export class TestIdentityProvider {
  readonly issuer = 'https://login.example.org';
  readonly audience = 'parley-chat';

  private constructor(
    private readonly server: Server,
    private readonly key: CryptoKey,
    readonly publicJwk: JWK,
  ) {}

  static async start(): Promise<TestIdentityProvider> {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const publicJwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'ES256' };
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: [publicJwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TestIdentityProvider(server, privateKey, publicJwk);
  }

  get environment(): Environment {
    const { port } = this.server.address() as AddressInfo;
    return {
      JWT_EXTERNAL_JWKS_URL: `http://127.0.0.1:${port}/jwks`,
      JWT_EXTERNAL_ISSUER: this.issuer,
      JWT_EXTERNAL_AUDIENCE: this.audience,
    };
  }

  token(claims: JWTPayload, key: CryptoKey = this.key, header: Record<string, unknown> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: this.issuer, aud: this.audience, iat: now, exp: now + 600, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'key-1', ...header })
      .sign(key);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
