import { openApiDocument } from '../../src/platform/http/openapi-document.js';
import { type Scope, SCOPES } from '../../src/platform/identity/server-key.js';
import type { User } from '../support/users.js';
import { arrange, type Cell } from './access-cells.js';
import { type CellIds, ROUTES, type ActorKind } from './access-expectations.js';
import { type ApiDocument, type ApiOperation, operationsOf } from './contract.js';
import { addressOf, sampleObject, headersFor } from './samples.js';
import { each, type CodedResponse, ContractWorld } from './world.js';

jest.setTimeout(120_000);

/** A user with a session that this process has cached as valid. */
type AllowedActor = Extract<ActorKind, 'owner' | 'participant' | 'admin'>;

/** Routes that act on the user's own resources are tried on those. */
const OWN = /\/(webhooks|deliveries|files)\/\{|^(PATCH|PUT) .*\/messages\/\{|\/api\/users\/\{|\/api\/sessions$/;

/** Routes that change nothing durable. */
const EPHEMERAL: readonly string[] = [
  'POST /api/v1/conversations/{id}/typing',
  'DELETE /api/v1/conversations/{id}/typing',
  'POST /api/v1/conversations/{id}/ephemeral-messages',
  'POST /api/v1/files/addresses',
  'POST /api/v1/users/unread',
];

/** Routes with another status. */
const STATUSES: Record<string, number> = {
  // The request has already been fulfilled.
  'POST /api/v1/auth/logout': 204,
  // Only server keys mint tokens.
  'POST /api/v1/users/{id}/tokens': 403,
  // The files of the user are looked up with a valid session, so the response does not reveal that the file exists.
  'DELETE /api/v1/files/{id}': 404,
  // The code is that of no link.
  'POST /api/v1/invite-links/join': 404,
  // Only for server keys, which name the conversation by an external id.
  'PUT /api/v1/conversations/{id}': 403,
};

describe('the cached session', () => {
  let world: ContractWorld;
  let writes: ApiOperation[];

  beforeAll(async () => {
    world = await ContractWorld.start();
    writes = operationsOf(openApiDocument(world.app) as unknown as ApiDocument).filter(
      ({ key, method, isPublic }) => method !== 'GET' && !isPublic && !EPHEMERAL.includes(key),
    );
  });
  afterAll(async () => {
    await world?.stop();
  });

  /** Makes a request, so that the process caches the identity. */
  async function remember({ token }: User): Promise<void> {
    const { status } = await world.send({ method: 'GET', path: '/api/v1/users/me', token });
    expect(status).toBe(200);
  }

  function allowedActor({ key }: ApiOperation): AllowedActor {
    const { allow = [] } = ROUTES[key] ?? {};
    return (['owner', 'participant', 'admin'] as const).find((kind) => allow.includes(kind)) ?? 'owner';
  }

  async function idsOf({ key }: ApiOperation, { ids, actor, controlUser }: Cell): Promise<CellIds> {
    if (key.includes('/invitations/{')) {
      const conversationId = await world.conversation([[controlUser, { role: 'owner' }]]);
      const [{ id }] = await world.database.query<{ id: string }>(
        `insert into invitations (id, conversation_id, user_id, invited_by, created_at, expires_at)
         values (gen_random_uuid(), $1, $2, $3, now(), now() + interval '1 day') returning id`,
        [conversationId, actor.userId, controlUser.userId],
      );
      return { ...ids, messageId: id };
    }
    if (key.includes('/join-requests/{')) {
      const conversationId = await world.conversation([[controlUser, { role: 'owner' }]]);
      const [{ id }] = await world.database.query<{ id: string }>(
        `with accepting as (update conversations set settings = '{"join_requests": true}' where id = $1)
         insert into join_requests (id, conversation_id, user_id, message, created_at, expires_at)
         values (gen_random_uuid(), $1, $2, '', now(), now() + interval '1 day') returning id`,
        [conversationId, actor.userId],
      );
      return { ...ids, messageId: id };
    }
    if (!OWN.test(key)) return ids;
    const messageId = await world.message(ids.conversationId, actor, 'my own');
    const hook = await world.webhook(actor, 'mine');
    return { ...ids, ...hook, userId: actor.userId, messageId, fileId: await world.file(messageId, actor, 'mine') };
  }

  function write(
    operation: ApiOperation,
    ids: CellIds,
    token: string,
    headers?: Record<string, string>,
  ): Promise<CodedResponse> {
    const expectation = ROUTES[operation.key];
    const query = expectation?.query?.(ids);
    const json = operation.body && (expectation?.body?.(ids) ?? sampleObject(operation.body, ids));
    const body = expectation?.raw?.(ids) ?? (json && { type: 'application/json', text: JSON.stringify(json) });
    return world.send({
      method: operation.method,
      path: addressOf(operation.path, ids) + (query ? `?${query}` : ''),
      token,
      headers: { ...headersFor(operation), ...headers, ...(body && { 'content-type': body.type }) },
      body: body?.text,
    });
  }

  it('accepts no write after the session has ended', async () => {
    const accepted: string[] = [];
    await each(writes, 6, async (operation) => {
      const cell = await arrange(world, allowedActor(operation));
      const ids = await idsOf(operation, cell);
      await remember(cell.actor);
      await world.database.query('update sessions set revoked_at = now() where id = $1', [cell.actor.sessionId]);
      const { status, text } = await write(operation, ids, cell.actor.token);
      if (status !== (STATUSES[operation.key] ?? 401)) accepted.push(`${operation.key}: ${status} ${text}`);
    });
    expect(accepted).toEqual([]);
  });

  it('accepts no write with a server key after the key was revoked on another process', async () => {
    const accepted: string[] = [];
    const cell = await arrange(world, 'participant');
    const secrets = new Map<Scope, { id: string; secret: string }>();
    for (const scope of SCOPES) {
      const key = await world.serverKey(scope);
      secrets.set(scope, key);
      await world.send({ method: 'GET', path: '/api/v1/users/me', token: key.secret });
      await world.database.query('update sessions set revoked_at = now() where id = $1', [key.id]);
    }
    await each(
      writes.filter(({ scope }) => scope !== undefined),
      6,
      async (operation) => {
        const { status, text } = await write(
          operation,
          await idsOf(operation, cell),
          secrets.get(operation.scope!)!.secret,
        );
        // 400: the id in the path is not an external one, as this route requires.
        if (![400, 401, STATUSES[operation.key]].includes(status)) accepted.push(`${operation.key}: ${status} ${text}`);
      },
    );
    expect(accepted).toEqual([]);
  });

  it('accepts no write as a user after the key was revoked on another process', async () => {
    const accepted: string[] = [];
    const acting = writes.filter(({ key }) => !['POST /api/v1/auth/logout', 'POST /api/v1/auth/ticket'].includes(key));
    const { id, secret } = await world.serverKey('act-as');
    const cell = await arrange(world, 'owner');
    const headers = { 'x-act-as': cell.actor.userId };
    await world.send({ method: 'GET', path: '/api/v1/users/me', token: secret, headers });
    await world.database.query('update sessions set revoked_at = now() where id = $1', [id]);
    await each(acting, 6, async (operation) => {
      const { status, text } = await write(operation, await idsOf(operation, cell), secret, headers);
      // A key is cached for five seconds; a route that is tried later refuses it without looking further.
      if (status < 400) accepted.push(`${operation.key}: ${status} ${text}`);
    });
    expect(accepted).toEqual([]);
  });

  it.each(['ping', 'replay'])('does not let a banned user %s their webhook', async (act) => {
    const { actor } = await arrange(world, 'owner');
    const { webhookId } = await world.webhook(actor, 'mine');
    await remember(actor);
    await world.database.query('update users set banned_at = now() where id = $1', [actor.userId]);
    expect(await ask(actor, 'POST', `webhooks/${webhookId}/${act}`)).toBe('ACCOUNT_BANNED');
  });

  it('gives a former admin no access to webhooks of scope `all`', async () => {
    const { actor } = await arrange(world, 'admin');
    const keeper = await world.user({ role: 'admin' });
    const { webhookId, deliveryId } = await world.webhook(keeper, 'everything');
    await world.database.query(`update webhooks set scope = 'all' where id = $1`, [webhookId]);
    await remember(actor);
    expect(await list(actor)).toContain(webhookId);
    await world.database.query(`update users set role = 'user' where id = $1`, [actor.userId]);
    expect(await list(actor)).not.toContain(webhookId);
    expect(await ask(actor, 'GET', `webhooks/${webhookId}`)).toBe('WEBHOOK_NOT_FOUND');
    expect(await ask(actor, 'GET', `webhooks/${webhookId}/deliveries`)).toBe('WEBHOOK_NOT_FOUND');
    expect(await ask(actor, 'POST', `webhooks/${webhookId}/ping`)).toBe('WEBHOOK_NOT_FOUND');
    expect(await ask(actor, 'POST', `webhooks/${webhookId}/replay`)).toBe('WEBHOOK_NOT_FOUND');
    expect(await ask(actor, 'POST', `deliveries/${deliveryId}/replay`)).toBe('DELIVERY_NOT_FOUND');
  });

  it('gives a former admin only the file quota of a user', async () => {
    const { actor } = await arrange(world, 'admin');
    await remember(actor);
    await world.database.query(`update users set role = 'user' where id = $1`, [actor.userId]);
    await world.database.query(
      `insert into files (id, uploader_id, name, type, category, size, content_hash, description, status)
       select gen_random_uuid(), $1, 'a.txt', 'text/plain', 'document', 1, repeat('0', 64), '', 'ready'
         from generate_series(1, $2)`,
      [actor.userId, world.config.fileQuotaCount],
    );
    const { type, text } = ROUTES['POST /files/upload']!.raw!({} as CellIds);
    const answer = await world.send({
      method: 'POST',
      path: '/api/v1/files',
      token: actor.token,
      headers: { 'content-type': type },
      body: text,
    });
    expect(answer.code).toBe('FILE_QUOTA_EXCEEDED');
  });

  async function ask({ token }: User, method: string, path: string): Promise<string | undefined> {
    return (await world.send({ method, path: `/api/v1/${path}`, token })).code;
  }

  async function list({ token }: User): Promise<string> {
    return (await world.send({ method: 'GET', path: '/api/v1/webhooks', token })).text;
  }
});
