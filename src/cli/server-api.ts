import type { INestApplicationContext } from '@nestjs/common';
import { AccessTokens } from '../modules/auth/access-tokens.js';
import { AuthService } from '../modules/auth/auth.service.js';
import { processEnvironment, readConfiguration } from '../platform/config/config.js';
import { Sql, statement } from '../platform/database/sql.js';
import { openSession } from './accounts.js';
import { withServices } from './services.js';
import { CommandFailed } from './terminal.js';

const TIMEOUT_MS = 15_000;
const SESSION_SECONDS = 120;

const FIRST_ADMIN = statement<{ username: string }>(
  'cli.first_admin',
  `select u.username from users u
    where u.role = 'admin' and u.deleted_at is null and not user_is_banned(u.banned_at, u.banned_until)
    order by u.created_at limit 1`,
);

/** The server of this configuration, unless another address is given. */
export function serverUrl(given: string | undefined): string {
  return (given ?? `http://127.0.0.1:${readConfiguration(processEnvironment()).values.port}`).replace(/\/+$/, '');
}

/** A running server, asked as any client asks it. */
export class ServerApi {
  constructor(
    readonly url: string,
    private readonly token?: string,
  ) {}

  /** @throws CommandFailed when nobody answers, or with what the server says; `accept` are statuses that are answers too */
  async call<T>(method: string, path: string, body?: object, accept: readonly number[] = []): Promise<T> {
    let response: Response;
    try {
      response = await fetch(`${this.url}${path}`, {
        method,
        headers: {
          ...(body && { 'content-type': 'application/json' }),
          ...(this.token && { authorization: `Bearer ${this.token}` }),
        },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw new CommandFailed(
        `No server answers at ${this.url}: start one with npm start, or name another with --url.`,
      );
    }
    const text = await response.text();
    const answer =
      text === '' ? undefined : (JSON.parse(text) as T & { error?: { message: string; details?: object } });
    if (response.ok || accept.includes(response.status)) return answer as T;
    const { message = response.statusText, details = {} } = answer?.error ?? {};
    throw new CommandFailed(`${message} ${Object.keys(details).length > 0 ? JSON.stringify(details) : ''}`.trim());
  }

  get<T>(path: string): Promise<T> {
    return this.call('GET', path);
  }
}

/** Speaks to the server for a user, in a session that lasts as long as the work. */
export async function asUser<T>(
  app: INestApplicationContext,
  login: string,
  { url, seconds = SESSION_SECONDS }: { url: string; seconds?: number },
  work: (api: ServerApi) => Promise<T>,
): Promise<T> {
  const actor = await openSession(app, login, seconds);
  const { userId, sessionId } = actor;
  const token = app.get(AccessTokens, { strict: false }).sign({ userId, sessionId, ttlSeconds: seconds });
  try {
    return await work(new ServerApi(url, token));
  } finally {
    await app.get(AuthService, { strict: false }).logout(actor);
  }
}

/** Asks the server what only admins may ask. @throws CommandFailed when nobody answers, or there is no admin */
export async function asAdmin<T>(url: string, work: (api: ServerApi) => Promise<T>): Promise<T> {
  // First of all: without a server there may be no database either, and none is to be made for this.
  await new ServerApi(url).get('/livez');
  return withServices(
    async (app) => {
      const admin = await app.get(Sql).one(FIRST_ADMIN);
      if (!admin) throw new CommandFailed('There is no admin yet: parley admin create makes one.');
      return asUser(app, admin.username, { url }, work);
    },
    { migrates: false },
  );
}
