import type { Abstract, Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AccessTokens } from '../../src/modules/auth/access-tokens.js';
import type { CreateConversationDto } from '../../src/modules/conversations/conversations.dto.js';
import { CreateConversation } from '../../src/modules/conversations/create-conversation.js';
import type { ParticipantRole } from '../../src/modules/participants/participant-roles.js';
import { ParticipantsService } from '../../src/modules/participants/participants.service.js';
import type { Config, Environment } from '../../src/platform/config/config.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { ApiClient } from './client/api-client.js';
import { createActor, type UserFacts } from './send-path.js';
import { startTestApp, type TestApp } from './test-app.js';
import type { TestDatabase } from './test-database.js';
import { register, type RegisteredUser, User } from './users.js';

let count = 0;

/** A tuple, if their number is known when the test is compiled. */
type Users<Count extends number, Known extends User[] = []> = number extends Count
  ? User[]
  : Known['length'] extends Count
    ? Known
    : Users<Count, [...Known, User]>;

/** The whole application, with users who call its APIs as apps do. */
export class World extends ApiClient {
  readonly app: NestExpressApplication;
  readonly config: Config;
  readonly database: TestDatabase;

  constructor(private readonly test: TestApp) {
    super(test.url);
    this.app = test.app;
    this.config = test.config;
    this.database = test.database;
  }

  static async start(overrides: Environment = {}): Promise<World> {
    return new World(await startTestApp(overrides));
  }

  /** A provider of the application. */
  get<Provider>(type: Type<Provider> | Abstract<Provider>): Provider {
    return this.app.get<Provider>(type, { strict: false });
  }

  /** A user who registers with this name and a password, and logs in. */
  register(name: string): Promise<RegisteredUser> {
    return register(this.url, name, this.connections);
  }

  /** A user with a session, created in SQL. */
  async user(facts?: UserFacts): Promise<User> {
    const actor = await createActor(this.database, `person${process.pid}-${count++}`, facts);
    const { userId, sessionId } = actor;
    const token = this.get(AccessTokens).sign({ userId, sessionId, ttlSeconds: 3600 });
    return new User(this.url, actor, token, this.connections);
  }

  /** Users with sessions, created in SQL one after the other. */
  async users<Count extends number>(count: Count): Promise<Users<Count>> {
    const users: User[] = [];
    for (let i = 0; i < count; i++) users.push(await this.user());
    return users as Users<Count>;
  }

  /** A group of its owner and others, who are participants unless they have another role. Returns its id. */
  async group(
    owner: Actor,
    others: readonly (Actor | readonly [Actor, ParticipantRole])[] = [],
    more: Partial<CreateConversationDto> = {},
  ): Promise<string> {
    const members = others.map((other) => ('userId' in other ? ([other, 'participant'] as const) : other));
    const { id } = await this.get(CreateConversation).create(owner, {
      type: 'group',
      title: 'A group',
      participant_ids: members.map(([{ userId }]) => userId),
      ...more,
    });
    const participants = this.get(ParticipantsService);
    for (const [{ userId }, role] of members) {
      if (role !== 'participant') await participants.update(owner, id, userId, { role });
    }
    return id;
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.close();
    await this.test.close();
  }
}
