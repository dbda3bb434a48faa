import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AbstractWsAdapter } from '@nestjs/websockets';
import { AuditLogModule } from '../../src/modules/admin/audit/audit-log.module.js';
import { AuthModule } from '../../src/modules/auth/auth.module.js';
import { UsersModule } from '../../src/modules/users/users.module.js';
import type { Config, Environment } from '../../src/platform/config/config.js';
import { ConfigModule } from '../../src/platform/config/config.module.js';
import { DatabaseModule } from '../../src/platform/database/database.module.js';
import { EventLogModule } from '../../src/platform/event-log/event-log.module.js';
import { CommitListener } from '../../src/platform/event-log/stream-event.js';
import { HealthModule } from '../../src/platform/health/health.module.js';
import { createHttpApp } from '../../src/platform/http/create-http-app.js';
import { HttpModule } from '../../src/platform/http/http.module.js';
import { StartupBannerModule } from '../../src/platform/logging/startup-banner.js';
import { Broadcaster } from '../../src/platform/realtime/fan-out/broadcaster.js';
import { SocketIoAdapter } from '../../src/platform/realtime/transport/socket-io.adapter.js';
import { ThrottlingModule } from '../../src/platform/throttling/throttling.module.js';
import { type HttpOptions, type HttpResponse, request } from './client/http.js';
import { RecordingListener } from './doubles/recording-listener.js';
import { testConfig } from './test-app.js';
import { attachTestDatabase, createTestDatabase, type TestDatabase } from './test-database.js';

/** Records what would have been sent to sockets. */
export class RecordingBroadcaster extends Broadcaster {
  readonly endedSessions: string[] = [];
  readonly endedUsers: string[] = [];
  toStream(): void {}
  toUsers(): void {}
  disconnectSessions(_userId: string, sessionIds: string[]): void {
    this.endedSessions.push(...sessionIds);
  }
  disconnectSessionKeys(): void {}
  disconnectServerKey(): void {}
  changeRole(): void {}
  disconnectUser(userId: string): void {
    this.endedUsers.push(userId);
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
        StartupBannerModule,
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

  call(method: string, path: string, options?: HttpOptions): Promise<HttpResponse> {
    return request(method, `${this.url}/api/v1${path}`, options);
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

  login(
    login: string,
    password = PASSWORD,
    more: object = {},
    headers?: Record<string, string>,
  ): Promise<HttpResponse> {
    return this.call('POST', '/auth/login', { body: { login, password, ...more }, headers });
  }

  refresh(refreshToken: string): Promise<HttpResponse> {
    return this.call('POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
  }

  me(token: string): Promise<HttpResponse> {
    return this.call('GET', '/users/me', { token });
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.database.drop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
