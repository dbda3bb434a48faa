import type { Actor, SystemRole } from '../../src/platform/identity/actor.js';
import { ApiClient } from './client/api-client.js';
import type { RealtimeClient } from './client/realtime-client.js';

/** A user with a session: the actor that services take, and a client of the APIs. */
export class User extends ApiClient implements Actor {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: SystemRole;
  readonly username: string;
  readonly displayName: string;
  readonly expiresAt: number;
  declare readonly token: string;

  constructor(url: string, actor: Actor, token: string, connections?: RealtimeClient[]) {
    super(url, token, connections);
    this.userId = actor.userId;
    this.sessionId = actor.sessionId;
    this.role = actor.role;
    this.username = actor.username;
    this.displayName = actor.displayName;
    this.expiresAt = actor.expiresAt;
  }

  get id(): string {
    return this.userId;
  }

  /** The same user on another node over the same database. */
  at({ url }: ApiClient): User {
    return new User(url, this, this.token, this.connections);
  }
}

/** A user who registered and logged in over the API. */
export class RegisteredUser extends User {
  constructor(
    url: string,
    actor: Actor,
    token: string,
    readonly password: string,
    readonly refreshToken: string,
    connections?: RealtimeClient[],
  ) {
    super(url, actor, token, connections);
  }
}

/** A user who registers with this name and a password, and logs in. */
export async function register(url: string, name: string, connections?: RealtimeClient[]): Promise<RegisteredUser> {
  const client = new ApiClient(url);
  const password = `${name}-orbit-41-lamp-plum`;
  const account = { email: `${name}@example.com`, username: name, password, display_name: name };
  const registered = await client.call('POST', '/auth/register', account);
  if (registered.status !== 201) throw new Error(`${name} could not register: ${JSON.stringify(registered.body)}`);
  const { body } = await client.call('POST', '/auth/login', { username: name, password });
  const { access_token: token, refresh_token: refreshToken, user } = body;
  const { sid, exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()) as Record<string, never>;
  const actor: Actor = {
    userId: user.id,
    sessionId: sid!,
    role: user.role,
    username: name,
    displayName: name,
    expiresAt: exp!,
  };
  return new RegisteredUser(url, actor, token, password, refreshToken, connections);
}
