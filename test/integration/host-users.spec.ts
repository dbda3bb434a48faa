import { Sql } from '../../src/platform/database/sql.js';
import { newId } from '../../src/platform/database/ids.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('users of the host product', () => {
  let world: World;
  let ana: User;
  let bob: User;
  let admin: User;
  beforeAll(async () => {
    world = await World.start();
    [ana, bob] = await world.users(2);
    admin = await world.user({ role: 'admin' });
    await nameExternally(ana, 'ana/1, "first"');
    await nameExternally(bob, 'bob');
  });
  afterAll(() => world.stop());

  /** Gives a user an id in the host product. */
  async function nameExternally({ userId }: User, externalId: string): Promise<void> {
    await world.database.query(`update users set external_id = $2 where id = $1`, [userId, externalId]);
  }

  const externally = (externalId: string): string => `external:${externalId}`;
  const ANA = 'ana/1, "first"';

  describe('an external id in place of the id of a user', () => {
    it('names the user in a path, also with signs that have a meaning in a URL', async () => {
      const { status, body } = await bob.call('GET', `/users/${encodeURIComponent(externally(ANA))}`);
      expect([status, body.id]).toEqual([200, ana.userId]);
    });

    it('is shown to the user themselves and to admins only', async () => {
      const see = async (viewer: User): Promise<unknown> =>
        (await viewer.call('GET', `/users/${ana.userId}`)).body.external_id;
      expect([await see(ana), await see(admin), await see(bob)]).toEqual([ANA, ANA, undefined]);
      const { body } = await admin.call('GET', `/admin/users/external:bob`);
      expect([body.id, body.external_id]).toEqual([bob.userId, 'bob']);
    });

    it('names users in a body, where two names of one user are one', async () => {
      const participant_ids = ['external:bob', bob.userId, bob.userId.toUpperCase()];
      const { status, body } = await ana.call('POST', '/conversations', { type: 'direct', participant_ids });
      expect([status, body.participant_count]).toEqual([201, 2]);
    });

    it('names users in a query, in a list and alone', async () => {
      const group = await world.group(ana, [bob]);
      await bob.call('POST', `/conversations/${group}/messages`, { content: 'of bob' });
      await ana.call('POST', `/conversations/${group}/messages`, { content: 'of ana' });
      const page = await ana.call('GET', `/conversations/${group}/messages?sender_id=external:bob`);
      expect(page.body.data.map(({ content }: { content: string }) => content)).toEqual(['of bob']);
      const presence = await ana.call('GET', `/presence?user_ids=external:bob,${ana.userId}`);
      expect(presence.body.data.map(({ user_id }: { user_id: string }) => user_id).sort()).toEqual(
        [ana.userId, bob.userId].sort(),
      );
    });

    it('names users in frames of both transports, whose order stays', async () => {
      const group = await world.group(ana, [bob]);
      for (const socket of [await ana.webSocket(), await ana.socketIo()]) {
        const contents = ['first', 'second', 'third'];
        const replies = await Promise.all(
          contents.map((content, index) =>
            socket.request('message.send', {
              conversation_id: group,
              content,
              ...(index === 0 && { mentions: ['external:bob'] }),
            }),
          ),
        );
        const messages = replies.map(({ data }) => (data as { message: Record<string, unknown> }).message);
        expect(messages[0]!.mentions).toEqual([bob.userId]);
        const numbers = messages.map(({ sequence_number: number }) => number as number);
        expect(numbers).toEqual([numbers[0], numbers[0]! + 1, numbers[0]! + 2]);
      }
    });

    it('is USER_NOT_FOUND with the id if no user has it, on every transport', async () => {
      const unknown = { code: 'USER_NOT_FOUND', details: { external_id: 'unknown-user' } };
      expect((await ana.call('GET', '/users/external:unknown-user')).body.error).toMatchObject(unknown);
      const body = { type: 'group', title: 'x', participant_ids: ['external:bob', 'external:unknown-user'] };
      expect((await ana.call('POST', '/conversations', body)).body.error).toMatchObject(unknown);
      const group = await world.group(ana, [bob]);
      const frame = { conversation_id: group, content: 'x', mentions: ['external:unknown-user'] };
      for (const socket of [await ana.webSocket(), await ana.socketIo()]) {
        expect(await socket.request('message.send', frame)).toMatchObject({ ok: false, error: unknown });
      }
    });

    it('is refused if it cannot be one', async () => {
      for (const id of ['external:', `external:${'x'.repeat(256)}`, 'external:a\u0007', 'External:bob']) {
        const { status, body } = await ana.call('GET', `/users/${encodeURIComponent(id)}`);
        expect([id, status, body.error?.details.errors[0].field ?? body]).toEqual([id, 400, 'id']);
      }
      expect((await ana.call('GET', `/users/external:${encodeURIComponent('😀'.repeat(255))}`)).status).toBe(404);
    });

    it('is read once for path, body and query together, and not again', async () => {
      const others = await world.users(3);
      const suffix = newId();
      for (const [index, other] of others.entries()) await nameExternally(other, `${index}-${suffix}`);
      const group = await world.group(ana, [bob]);
      const many = jest.spyOn(Sql.prototype, 'many');
      const reads = (): number => many.mock.calls.filter(([{ name }]) => name === 'users.find_ids_of_external').length;
      const user_ids = others.map((_, index) => `external:${index}-${suffix}`);
      expect((await ana.call('POST', `/conversations/${group}/participants`, { user_ids })).status).toBe(201);
      expect(reads()).toBe(1);
      expect((await ana.call('GET', `/users/${user_ids[0]}`)).body.id).toBe(others[0]!.userId);
      const patched = await ana.call('PATCH', `/conversations/${group}/participants/${user_ids[1]}`, {
        is_muted: true,
      });
      expect([patched.status, reads()]).toEqual([200, 1]);
      // Nothing is read where no external id is.
      await ana.call('GET', `/users/${bob.userId}`);
      expect(reads()).toBe(1);
      many.mockRestore();
    });

    it('stays with a deleted account', async () => {
      const gone = await world.user();
      await nameExternally(gone, 'gone');
      const deletion = { messages: 'anonymise', reason: 'A test' };
      expect((await admin.call('DELETE', '/admin/users/external:gone', deletion)).status).toBe(204);
      expect((await ana.call('GET', '/users/external:gone')).body.error.code).toBe('USER_NOT_FOUND');
      expect((await admin.call('GET', '/admin/users/external:gone')).body).toMatchObject({
        id: gone.userId,
        external_id: 'gone',
        status: 'deleted',
      });
    });
  });
});
