import { AuditLogRepository } from '../../src/modules/admin/audit/audit-log.repository.js';
import { EventLog } from '../../src/platform/event-log/event-log.js';
import type { HttpResponse } from '../support/client/http.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly actor_id: string;
  readonly target_id: string;
}

const REASON = { reason: 'because of a test' };

describe('the audit log', () => {
  let world: World;
  let admin: User;

  beforeAll(async () => {
    world = await World.start();
    admin = await world.user({ role: 'admin' });
  });
  afterAll(() => world.stop());

  const read = async (query: string): Promise<Entry[]> => {
    const answer = await admin.call('GET', `/admin/audit-log?${query}`);
    expect(answer.status).toBe(200);
    return answer.body.data as Entry[];
  };
  const actionsOn = async (targetId: string): Promise<string[]> =>
    (await read(`target_id=${targetId}`)).map(({ action }) => action);
  const ban = (user: User, by = admin): Promise<HttpResponse> =>
    by.call('POST', `/admin/users/${user.userId}/ban`, REASON);

  it('records actor, target, reason, change and request of an act', async () => {
    const user = await world.user();
    const headers = { 'x-request-id': 'request-of-a-test' };
    const response = await admin.call('POST', `/admin/users/${user.userId}/ban`, REASON, headers);
    expect(response.status).toBe(204);
    expect(await read(`target_id=${user.userId}`)).toEqual([
      {
        id: expect.any(String),
        at: expect.any(String),
        actor_id: admin.userId,
        actor_role: 'admin',
        action: 'user.ban',
        target_type: 'user',
        target_id: user.userId,
        ...REASON,
        before: { is_banned: false, until: null },
        after: { is_banned: true, until: null },
        request_id: response.headers.get('x-request-id'),
        server_key: null,
      },
    ]);
    expect(response.headers.get('x-request-id')).not.toBe('request-of-a-test');
  });

  it.each([
    ['changed', `update audit_log set reason = 'another'`],
    ['deleted', `delete from audit_log`],
    ['truncated', `truncate audit_log`],
  ])('is never %s, not even by the owner of the database', async (_what, sql) => {
    await ban(await world.user());
    await expect(world.database.query(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it('has no entry without its act, and no act without its entry', async () => {
    const user = await world.user();
    const repository = world.get(AuditLogRepository);
    const record = jest.spyOn(repository, 'record').mockRejectedValue(new Error('the disk is full'));
    expect((await ban(user)).status).toBe(500);
    record.mockRestore();
    expect((await user.call('GET', '/users/me')).status).toBe(200);
    const act = world.get(EventLog).write(user.userId, async (tx) => {
      tx.audit({ actor: admin, action: 'user.ban', target: { type: 'user', id: user.userId } });
      await Promise.reject(new Error('changed my mind'));
    });
    await expect(act).rejects.toThrow('changed my mind');
    expect(await actionsOn(user.userId)).toEqual([]);
  });

  it('takes the reason from a header if the request has no field for it', async () => {
    const [ana, bo] = await world.users(2);
    const groupId = await world.group(ana, [bo]);
    const { body } = await bo.call('POST', `/conversations/${groupId}/messages`, { content: 'hello' });
    const remove = (reason: string): Promise<HttpResponse> =>
      ana.call('DELETE', `/messages/${body.id}`, undefined, { 'x-audit-log-reason': reason });
    for (const bad of ['%', '%E0%A4%A', 'x'.repeat(501)]) expect((await remove(bad)).status).toBe(400);
    expect((await remove(encodeURIComponent('grob – und öfter'))).status).toBe(200);
    expect(await read(`target_id=${body.id}`)).toMatchObject([
      { action: 'message.delete', reason: 'grob – und öfter' },
    ]);
  });

  it('is listed in pages, by actor, action, target and time', async () => {
    const [first, second] = await world.users(2);
    const other = await world.user({ role: 'admin' });
    await ban(first, other);
    await other.call('POST', `/admin/users/${first.userId}/unban`, REASON);
    await ban(second, other);
    const all = await read(`actor_id=${other.userId}`);
    expect(all.map(({ action }) => action)).toEqual(['user.ban', 'user.unban', 'user.ban']);
    expect(await read(`actor_id=${other.userId}&action=user.unban`)).toEqual([all[1]]);
    expect(await read(`actor_id=${other.userId}&target_type=user&target_id=${second.userId}`)).toEqual([all[0]]);
    expect(await read(`actor_id=${other.userId}&to=${all[2]!.at}`)).toEqual([]);
    expect(await read(`actor_id=${other.userId}&from=${all[0]!.at}`)).toContainEqual(all[0]);
    const { body: page } = await admin.call('GET', `/admin/audit-log?actor_id=${other.userId}&limit=2`);
    expect(page).toMatchObject({ data: all.slice(0, 2), has_more: true });
    expect(await read(`actor_id=${other.userId}&limit=2&cursor=${page.next_cursor}`)).toEqual(all.slice(2));
  });

  it('is readable only by current admins', async () => {
    const former = await world.user({ role: 'admin' });
    const list = (who: User): Promise<HttpResponse> => who.call('GET', '/admin/audit-log');
    expect((await list(former)).status).toBe(200);
    // This process was not notified: its cache still contains the role of an admin.
    await world.database.query(`update users set role = 'user' where id = $1`, [former.userId]);
    expect((await list(former)).body.error.code).toBe('PERMISSION_DENIED');
    expect((await list(await world.user({ role: 'moderator' }))).status).toBe(403);
    const bad = await admin.call('GET', '/admin/audit-log?from=yesterday');
    expect(bad.body.error.code).toBe('VALIDATION_ERROR');
  });

  it('records what moderators and admins do to messages and conversations of others', async () => {
    const [ana, bo, cid] = await world.users(3);
    const groupId = await world.group(ana, [bo]);
    const send = async (): Promise<string> =>
      (await bo.call('POST', `/conversations/${groupId}/messages`, { content: 'hello' })).body.id as string;
    const [own, others] = [await send(), await send()];
    await bo.call('DELETE', `/messages/${own}`);
    await ana.call('DELETE', `/messages/${others}`);
    expect(await actionsOn(own)).toEqual([]);
    expect(await actionsOn(others)).toEqual(['message.delete']);
    await ana.call('PATCH', `/conversations/${groupId}`, { title: 'by its owner' });
    expect(await actionsOn(groupId)).toEqual([]);
    const path = `/conversations/${groupId}`;
    await admin.call('PATCH', path, { title: 'by an admin' });
    await admin.call('POST', `${path}/participants`, { user_ids: [cid.userId] });
    await admin.call('PATCH', `${path}/participants/${cid.userId}`, { is_muted: true });
    await admin.call('DELETE', `${path}/participants/${cid.userId}`);
    expect((await admin.call('DELETE', path)).status).toBe(204);
    expect(await actionsOn(groupId)).toEqual([
      'conversation.delete',
      'participant.remove',
      'participant.update',
      'participant.add',
      'conversation.update',
    ]);
    const room = await world.group(ana);
    await ana.call('DELETE', `/conversations/${room}`);
    expect(await actionsOn(room)).toEqual([]);
  });

  it('records webhooks of scope `all`, without secret parts of their URL', async () => {
    const url = 'https://hooks.example/secret-path?token=secret-word';
    const create = async (scope: string): Promise<string> => {
      const body = { url, events: ['message.created'], scope };
      return (await admin.call('POST', '/webhooks', body)).body.id as string;
    };
    const [own, all] = [await create('own'), await create('all')];
    await admin.call('PATCH', `/webhooks/${all}`, { is_active: false });
    await admin.call('POST', `/webhooks/${all}/rotate-secret`, {});
    await admin.call('DELETE', `/webhooks/${all}`);
    await admin.call('DELETE', `/webhooks/${own}`);
    expect(await actionsOn(own)).toEqual([]);
    expect(await actionsOn(all)).toEqual([
      'webhook.delete',
      'webhook.rotate_secret',
      'webhook.update',
      'webhook.create',
    ]);
    expect(JSON.stringify(await read(`target_id=${all}`))).not.toContain('secret-');
  });
});
