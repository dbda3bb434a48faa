import type { INestApplicationContext } from '@nestjs/common';
import { AccessTokens } from '../modules/auth/access-tokens.js';
import { SessionsService } from '../modules/auth/sessions.service.js';
import { processEnvironment, readConfiguration } from '../platform/config/config.js';
import { Sql, statement } from '../platform/database/sql.js';
import { RATE_LIMITS } from '../rate-limits.js';
import { actorWithNewSession } from './accounts.js';
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

/** Returns the given URL, or that of the server of this configuration. */
export function serverUrl(given: string | undefined): string {
  return (given ?? `http://127.0.0.1:${readConfiguration(processEnvironment(), RATE_LIMITS).values.port}`).replace(
    /\/+$/,
    '',
  );
}

/** Calls the REST API of a running server, as any client does. */
export class ServerApi {
  constructor(
    readonly url: string,
    private readonly token?: string,
  ) {}

  /**
   * `accept` lists statuses that are not failures.
   *
   * @throws CommandFailed when no server responds, or with the message of the server
   */
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
        `No server responds at ${this.url}: start one with npm start, or specify another with --url.`,
      );
    }
    const text = await response.text();
    const responseBody =
      text === '' ? undefined : (JSON.parse(text) as T & { error?: { message: string; details?: object } });
    if (response.ok || accept.includes(response.status)) return responseBody as T;
    const { message = response.statusText, details = {} } = responseBody?.error ?? {};
    throw new CommandFailed(`${message} ${Object.keys(details).length > 0 ? JSON.stringify(details) : ''}`.trim());
  }

  get<T>(path: string): Promise<T> {
    return this.call('GET', path);
  }
}

/** Calls the server as a user, in a session that lasts as long as the work. */
export async function asUser<T>(
  app: INestApplicationContext,
  login: string,
  { url, seconds = SESSION_SECONDS }: { url: string; seconds?: number },
  work: (api: ServerApi) => Promise<T>,
): Promise<T> {
  const actor = await actorWithNewSession(app, login, seconds);
  const { userId, sessionId } = actor;
  const token = app.get(AccessTokens, { strict: false }).sign({ userId, sessionId, ttlSeconds: seconds });
  try {
    return await work(new ServerApi(url, token));
  } finally {
    await app.get(SessionsService, { strict: false }).endCurrent(actor);
  }
}

/** Calls the server as its first admin. @throws CommandFailed when no server responds, or there is no admin */
export async function asAdmin<T>(url: string, work: (api: ServerApi) => Promise<T>): Promise<T> {
  // Checked first: without a server there may be no database either, and this must not create one.
  await new ServerApi(url).get('/livez');
  return withServices(
    async (app) => {
      const admin = await app.get(Sql).one(FIRST_ADMIN);
      if (!admin) throw new CommandFailed('There is no admin yet: create one with parley admin create.');
      return asUser(app, admin.username, { url }, work);
    },
    { migrates: false },
  );
}
