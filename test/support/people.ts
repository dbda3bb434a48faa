import { AccessTokens } from '../../src/modules/auth/access-tokens.js';
import { CreateConversation } from '../../src/modules/conversations/create-conversation.js';
import type { CreateConversationDto } from '../../src/modules/conversations/conversations.dto.js';
import { ParticipantsService } from '../../src/modules/participants/participants.service.js';
import type { ParticipantRole } from '../../src/modules/participants/participant-roles.js';
import type { Actor, SystemRole } from '../../src/platform/identity/actor.js';
import { type RealtimeClient, WebSocketClient } from './realtime-client.js';
import { createActor } from './send-path.js';
import type { TestApp } from './test-app.js';

/** A response of the API. */
export interface Answer {
  readonly status: number;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- tests look into answers freely
}

let count = 0;

/** Users of one test, created in SQL, with tokens, and their calls over HTTP. */
export class People {
  private readonly tokens = new Map<string, string>();

  constructor(readonly test: TestApp) {}

  async one(role: SystemRole = 'user'): Promise<Actor> {
    const actor = await createActor(this.test.database, `person${process.pid}-${count++}`);
    await this.test.database.query('update users set role = $2 where id = $1', [actor.userId, role]);
    const { userId, sessionId } = actor;
    const token = this.test.app.get(AccessTokens, { strict: false }).sign({ userId, sessionId, ttlSeconds: 3600 });
    this.tokens.set(actor.userId, token);
    return { ...actor, role };
  }

  /** Makes a user of another node on the same database available here. */
  adopt(others: People, actor: Actor): void {
    this.tokens.set(actor.userId, others.tokenOf(actor));
  }

  async many(number: number): Promise<Actor[]> {
    const people: Actor[] = [];
    for (let i = 0; i < number; i++) people.push(await this.one());
    return people;
  }

  tokenOf(actor: Actor): string {
    return this.tokens.get(actor.userId)!;
  }

  async call(actor: Actor, method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.test.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.tokenOf(actor)}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** A connection of a device of this user. */
  async connect(actor: Actor, cursor = ''): Promise<RealtimeClient> {
    const client = new WebSocketClient(Number(new URL(this.test.url).port), `?cursor=${cursor}`, {
      headers: { authorization: `Bearer ${this.tokenOf(actor)}` },
    });
    await client.next('live');
    return client;
  }

  /** A group with an owner and others of these roles, in the given order. */
  async group(
    owner: Actor,
    others: [Actor, ParticipantRole][] = [],
    more: Partial<CreateConversationDto> = {},
  ): Promise<string> {
    const creation = this.test.app.get(CreateConversation, { strict: false });
    const { id } = await creation.create(owner, {
      type: 'group',
      title: 'A group',
      participant_ids: others.map(([actor]) => actor.userId),
      ...more,
    });
    const participants = this.test.app.get(ParticipantsService, { strict: false });
    for (const [actor, role] of others) {
      if (role !== 'participant') await participants.update(owner, id, actor.userId, { role });
    }
    return id;
  }
}
