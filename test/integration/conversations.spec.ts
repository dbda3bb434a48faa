import { CreateConversation } from '../../src/modules/conversations/create-conversation.js';
import { newId } from '../../src/platform/database/ids.js';
import { type HttpResponse, request } from '../support/client/http.js';
import { startTestApp } from '../support/test-app.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('conversations', () => {
  let world: World;
  let creation: CreateConversation;

  beforeAll(async () => {
    world = await World.start();
    creation = world.get(CreateConversation);
  });

  afterAll(() => world.stop());

  const create = (actor: User, body: object) => actor.call('POST', '/conversations', body);
  const openDirect = (actor: User, other: User) => create(actor, { type: 'direct', participant_ids: [other.userId] });

  describe('POST /conversations for two users', () => {
    it.each([
      ['/api/v1/conversations', { type: 'direct' }],
      ['/api/messaging/conversations', {}],
    ])('returns the current direct conversation under every Idempotency-Key: %s', async (address, type) => {
      const [anna, ben] = await world.users(2);
      const id = (await openDirect(anna, ben)).body.id as string;
      const sent = await ben.call('POST', `/conversations/${id}/messages`, { content: 'soon gone' });
      const ask = async (whom: User, key: string) => {
        const { status, headers, body } = await request('POST', world.url + address, {
          token: anna.token,
          body: { ...type, participant_ids: [whom.userId] },
          headers: { 'idempotency-key': key },
        });
        return [status, headers.get('idempotency-replayed'), JSON.stringify(body)] as const;
      };
      expect(await ask(ben, 'known')).toEqual([200, null, expect.stringContaining('soon gone')]);
      await ben.call('DELETE', `/messages/${sent.body.id}`);
      expect(await ask(ben, 'known')).toEqual([200, null, expect.not.stringContaining('soon gone')]);
      const kept = await world.database.query(`select from idempotency_keys where body::text like '%soon gone%'`);
      expect(kept).toEqual([]);
      // A new one is created once.
      const cleo = await world.user();
      const [made, again] = [await ask(cleo, 'new'), await ask(cleo, 'new')];
      expect([made.slice(0, 2), again.slice(0, 2)]).toEqual([
        [201, null],
        [201, 'true'],
      ]);
      expect(JSON.parse(again[2])).toEqual(JSON.parse(made[2]));
    });

    it('returns the same direct conversation to either user, every time', async () => {
      const [anna, ben] = await world.users(2);
      const first = await openDirect(anna, ben);
      const second = await openDirect(ben, anna);
      expect([first.status, second.status]).toEqual([201, 200]);
      expect(second.body.id).toBe(first.body.id);
      expect(first.body.participants).toHaveLength(2);
    });

    it('creates one conversation for fifty simultaneous requests on two nodes', async () => {
      const other = await startTestApp({ DATABASE_URL: world.database.url });
      const nodes = [creation, other.app.get(CreateConversation, { strict: false })];
      for (let cycle = 0; cycle < 3; cycle++) {
        const [anna, ben] = await world.users(2);
        const created = await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            nodes[(i >> 1) % 2]!.create(i % 2 ? anna : ben, {
              type: 'direct',
              participant_ids: [(i % 2 ? ben : anna).userId],
            }),
          ),
        );
        expect(new Set(created.map(({ id }) => id)).size).toBe(1);
        expect(created.filter(({ isNew }) => isNew)).toHaveLength(1);
        const [{ left_over: leftOver }] = (await world.database.query(
          `select count(*) as left_over from stream_heads h
            where not exists (select from conversations c where c.id = h.stream_id)
              and not exists (select from users u where u.id = h.stream_id)`,
        )) as [{ left_over: string }];
        expect(Number(leftOver)).toBe(0);
      }
      await other.close();
    });

    it('requires exactly one other, existing user', async () => {
      const [anna, ben, carl] = await world.users(3);
      const attempts: [unknown, string][] = [
        [[anna.userId], 'VALIDATION_ERROR'],
        [[], 'VALIDATION_ERROR'],
        [undefined, 'VALIDATION_ERROR'],
        [[ben.userId, carl.userId], 'VALIDATION_ERROR'],
        [['no-id'], 'VALIDATION_ERROR'],
        [[newId()], 'USER_NOT_FOUND'],
      ];
      for (const [participantIds, code] of attempts) {
        const { body } = await create(anna, { type: 'direct', participant_ids: participantIds });
        expect(body.error.code).toBe(code);
      }
    });

    it('is refused if one of the users blocks the other', async () => {
      const [anna, ben] = await world.users(2);
      await anna.call('PUT', `/users/${ben.userId}/block`);
      expect((await openDirect(ben, anna)).status).toBe(403);
      expect((await openDirect(anna, ben)).status).toBe(403);
    });

    it('rejects messages and typing of a user who was blocked since', async () => {
      const [anna, ben] = await world.users(2);
      const { body } = await openDirect(anna, ben);
      await anna.call('PUT', `/users/${ben.userId}/block`);
      expect((await ben.call('POST', `/conversations/${body.id}/messages`, { content: 'hey' })).status).toBe(403);
      expect((await ben.call('POST', `/conversations/${body.id}/typing`)).status).toBe(403);
    });

    it('keeps its two participants', async () => {
      const [anna, ben, carl] = await world.users(3);
      const { body } = await openDirect(anna, ben);
      const calls: [string, string, object?][] = [
        ['POST', '/participants', { user_ids: [carl.userId] }],
        ['DELETE', `/participants/${ben.userId}`],
        ['PATCH', `/participants/${ben.userId}`, { role: 'participant' }],
        ['POST', '/leave'],
        ['PATCH', '', { title: 'ours' }],
      ];
      for (const [method, path, data] of calls) {
        const answer = await anna.call(method, `/conversations/${body.id}${path}`, data);
        expect([path, answer.body.error.code]).toEqual([path, 'DIRECT_CONVERSATION_FIXED']);
      }
    });

    it('creates a new direct conversation after the former one was deleted', async () => {
      const [anna, ben] = await world.users(2);
      const first = await openDirect(anna, ben);
      expect((await ben.call('DELETE', `/conversations/${first.body.id}`)).status).toBe(204);
      const second = await openDirect(anna, ben);
      expect(second.status).toBe(201);
      expect(second.body.id).not.toBe(first.body.id);
    });
  });

  describe('a room', () => {
    it('exists as "general" from the first start, and cannot be deleted', async () => {
      const anna = await world.user();
      const admin = await world.user({ role: 'admin' });
      expect((await anna.call('POST', '/conversations/general/join')).body).toMatchObject({
        slug: 'general',
        created_by: null,
        role: 'participant',
      });
      expect((await admin.call('DELETE', '/conversations/general')).status).toBe(403);
      const [{ count }] = (await world.database.query(
        `select count(*) as count from conversations where slug = 'general'`,
      )) as [{ count: string }];
      expect(Number(count)).toBe(1);
    });

    it('is found by its slug in place of its id, and a slug is unique', async () => {
      const anna = await world.user();
      const room = await create(anna, { type: 'room', slug: 'chess', category: 'games' });
      expect(room.status).toBe(201);
      expect((await anna.call('GET', '/conversations/chess')).body.id).toBe(room.body.id);
      expect((await anna.call('PATCH', '/conversations/chess', { title: 'Chess' })).body.title).toBe('Chess');
      expect(await create(anna, { type: 'room', slug: 'chess' })).toMatchObject({
        status: 409,
        body: { error: { code: 'ALREADY_EXISTS' } },
      });
      for (const slug of ['public', newId(), 'Ä', '', 'a b', '../x']) {
        expect((await create(anna, { type: 'room', slug })).status).toBe(400);
      }
    });

    it('is listed and can be joined unless it is private', async () => {
      const [anna, ben] = await world.users(2);
      const open = (await create(anna, { type: 'room', title: 'Open 100%', category: 'talk' })).body;
      const closed = (
        await create(anna, { type: 'room', title: 'Closed', category: 'talk', settings: { is_private: true } })
      ).body;
      const listed = await ben.call('GET', '/conversations/public?category=talk');
      expect(listed.body.data.map(({ id }: { id: string }) => id)).toEqual([open.id]);
      expect(listed.body.data[0]).not.toHaveProperty('participants');
      expect((await ben.call('GET', '/conversations/public?search=100%25')).body.data).toHaveLength(1);
      expect((await ben.call('GET', '/conversations/public?search=1_0')).body.data).toHaveLength(0);
      expect((await ben.call('POST', `/conversations/${open.id}/join`)).body.participant_count).toBe(2);
      expect((await ben.call('POST', `/conversations/${open.id}/join`)).body.participant_count).toBe(2);
      expect((await ben.call('POST', `/conversations/${closed.id}/join`)).status).toBe(403);
    });
  });

  describe('a user who is not a participant', () => {
    it('gets 403 for an existing conversation, 404 for an unknown one, and changes nothing', async () => {
      const [owner, other, stranger] = await world.users(3);
      const id = await world.group(owner, [other]);
      const calls: [string, string, object?][] = [
        ['GET', ''],
        ['PATCH', '', { title: 'mine' }],
        ['DELETE', ''],
        ['GET', '/participants'],
        ['POST', '/participants', { user_ids: [stranger.userId] }],
        ['PATCH', `/participants/${other.userId}`, { role: 'admin' }],
        ['DELETE', `/participants/${other.userId}`],
        ['POST', '/join'],
        ['POST', '/leave'],
        ['PATCH', '/me', { is_archived: true }],
        ['POST', '/read', { sequence_number: 1 }],
        ['POST', '/typing'],
        ['DELETE', '/typing'],
      ];
      for (const [method, path, body] of calls) {
        const known = await stranger.call(method, `/conversations/${id}${path}`, body);
        expect([method, path, known.status, known.body?.error.code]).toEqual([method, path, 403, 'PERMISSION_DENIED']);
        for (const nowhere of [newId(), 'no-such-room']) {
          const unknown = await stranger.call(method, `/conversations/${nowhere}${path}`, body);
          expect([path, unknown.status, unknown.body?.error.code]).toEqual([path, 404, 'CONVERSATION_NOT_FOUND']);
        }
      }
    });
  });

  it('cannot distinguish a private room from an unknown one, by its slug', async () => {
    const [owner, member, stranger] = await world.users(3);
    const systemModerator = await world.user({ role: 'moderator' });
    const room = await create(owner, { type: 'room', slug: 'board', settings: { is_private: true } });
    await owner.call('POST', '/conversations/board/participants', { user_ids: [member.userId] });
    const calls: [string, string, object?][] = [
      ['GET', ''],
      ['PATCH', '', { title: 'mine' }],
      ['PATCH', '', { title: 7 }],
      ['DELETE', ''],
      ['GET', '/participants'],
      ['POST', '/participants', { user_ids: [stranger.userId] }],
      ['POST', '/participants', {}],
      ['POST', '/join'],
      ['POST', '/leave'],
      ['POST', '/read', { sequence_number: 1 }],
      ['POST', '/typing'],
      ['GET', '/messages'],
      ['GET', '/events?after_seq=0'],
      ['POST', '/messages', { content: 'hello' }],
      ['POST', '/messages', {}],
      ['GET', '/content-rules'],
      ['GET', '/held-messages'],
    ];
    for (const [method, path, body] of calls) {
      const [there, nowhere] = [
        await stranger.call(method, `/conversations/board${path}`, body),
        await stranger.call(method, `/conversations/nowhere${path}`, body),
      ];
      expect([method, path, there.status, there.body?.error]).toEqual([
        method,
        path,
        nowhere.status,
        { ...nowhere.body?.error, request_id: there.body?.error.request_id },
      ]);
      expect([400, 404]).toContain(nowhere.status);
    }
    for (const actor of [owner, member]) {
      expect((await actor.call('GET', '/conversations/board')).body.id).toBe(room.body.id);
    }
    expect((await systemModerator.call('PATCH', '/conversations/board', { title: 'Kept' })).status).toBe(200);
    await owner.call('DELETE', `/conversations/board/participants/${member.userId}`);
    expect((await member.call('GET', '/conversations/board')).status).toBe(404);
  });

  describe('GET /conversations', () => {
    it('lists the latest activity first, with everything to present it, page by page', async () => {
      const [anna, ben] = await world.users(2);
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) ids.push(await world.group(anna, [ben], { title: `Group ${i}` }));
      for (const i of [3, 1]) {
        await ben.call('POST', `/conversations/${ids[i]}/messages`, { content: `hello ${i}` });
      }
      const seen: any[] = []; // eslint-disable-line @typescript-eslint/no-explicit-any -- looked into freely
      let cursor = '';
      do {
        const { body } = await anna.call('GET', `/conversations?limit=2${cursor}`);
        expect(body.cursor).toEqual(expect.any(String));
        seen.push(...body.data);
        cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
      } while (cursor);
      expect(seen.map(({ id }) => id)).toEqual([1, 3, 4, 2, 0].map((i) => ids[i]));
      expect(seen[0]).toMatchObject({
        title: 'Group 1',
        unread_count: 1,
        last_read_number: 0,
        at_seq: 3,
        participant_count: 2,
        role: 'owner',
        last_message: { content: 'hello 1', sequence_number: 1, sender_id: ben.userId, is_deleted: false },
        settings: { is_private: true, allow_invites: false, message_retention_days: null },
        is_archived: false,
        is_muted: false,
        is_pinned: false,
      });
      expect(seen[2].last_message).toBeNull();
    });

    it('contains at most twenty participants of a conversation', async () => {
      const [owner, ...rest] = await world.users(25);
      const id = await world.group(
        owner,
        rest.map((actor) => [actor, 'participant'] as const) as [User, 'participant'][],
      );
      const { body } = await owner.call('GET', `/conversations/${id}`);
      expect(body.participants).toHaveLength(20);
      expect(body).toMatchObject({ participant_count: 25 });
      expect(body.participants[0].role).toBe('owner');
    });

    it('filters by type, archive and title, in which % and _ are literal', async () => {
      const [anna, ben] = await world.users(2);
      const direct = (await openDirect(anna, ben)).body.id;
      const group = await world.group(anna, [], { title: '50% off' });
      await anna.call('PATCH', `/conversations/${direct}/me`, { is_archived: true });
      const ids = async (query: string): Promise<string[]> =>
        (await anna.call('GET', `/conversations?${query}`)).body.data.map(({ id }: { id: string }) => id);
      expect(await ids('type=group')).toEqual([group]);
      expect(await ids('is_archived=true')).toEqual([direct]);
      expect(await ids('is_archived=false')).toEqual([group]);
      expect(await ids('search=50%25')).toEqual([group]);
      expect(await ids('search=5_%25')).toEqual([]);
    });

    it('filters by unread messages and mentions, and lists pinned ones first if asked to, page by page', async () => {
      const [anna, ben] = await world.users(2);
      const ids: string[] = [];
      for (let index = 0; index < 6; index++) ids.push(await world.group(anna, [ben]));
      const send = (index: number, body: object) => anna.call('POST', `/conversations/${ids[index]}/messages`, body);
      for (let index = 0; index < 6; index++) await send(index, { content: `${index}` });
      await send(1, { content: 'you', mentions: [ben.userId] });
      await ben.call('POST', `/conversations/${ids[0]}/read`, { sequence_number: 1 });
      for (const index of [2, 4]) await ben.call('PATCH', `/conversations/${ids[index]}/me`, { is_pinned: true });
      const list = async (query: string) => {
        const { body } = await ben.call('GET', `/conversations?${query}`);
        return {
          places: body.data.map(({ id }: { id: string }) => ids.indexOf(id)),
          cursor: body.next_cursor as string,
        };
      };
      expect((await list('unread=true')).places).toEqual([1, 5, 4, 3, 2]);
      expect((await list('unread=false')).places).toEqual([0]);
      expect((await list('has_mentions=true')).places).toEqual([1]);
      expect((await list('has_mentions=false&unread=true')).places).toEqual([5, 4, 3, 2]);
      expect((await list('pinned_first=true')).places).toEqual([4, 2, 1, 5, 3, 0]);
      const places: number[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page = await list(`pinned_first=true&limit=1${cursor && `&cursor=${cursor}`}`);
        places.push(...page.places);
        cursor = page.cursor;
      }
      expect(places).toEqual([4, 2, 1, 5, 3, 0]);
      const other = await list('limit=1');
      expect((await ben.call('GET', `/conversations?pinned_first=true&cursor=${other.cursor}`)).status).toBe(400);
    });

    it('searches words of titles and of names of other participants, without case and accents', async () => {
      const [anna, ben] = await world.users(2);
      const named = `update users set display_name = $2, folded_name = $3 where id = $1`;
      await world.database.query(named, [ben.userId, 'Ben Ångström', 'ben angstrom']);
      const direct = (await openDirect(anna, ben)).body.id;
      const group = await world.group(anna, [], { title: 'Завтра: café d’Anna' });
      const found = async (name: string, words: string): Promise<string[]> => {
        const { body } = await anna.call('GET', `/conversations?${name}=${encodeURIComponent(words)}`);
        return body.data.map(({ id }: { id: string }) => id) as string[];
      };
      expect(await found('q', 'завтра')).toEqual([group]);
      expect(await found('q', 'CAFE dAnna')).toEqual([group]);
      expect(await found('q', 'cafe ben')).toEqual([]);
      expect(await found('q', 'ångström')).toEqual([direct]);
      expect(await found('search', 'ångström')).toEqual([]);
      await world.database.query(`update conversations set title = 'Gestern' where id = $1`, [group]); // an older version
      expect(await found('q', 'завтра')).toEqual([]);
      expect(await found('q', 'gestern')).toEqual([group]);
    });
  });

  describe('PATCH /conversations/:id', () => {
    it('requires a moderator, and for the retention an admin or the owner', async () => {
      const [owner, moderator, plain] = await world.users(3);
      const id = await world.group(owner, [[moderator, 'moderator'], plain]);
      const patch = (who: User, body: object) => who.call('PATCH', `/conversations/${id}`, body);
      expect((await patch(plain, { title: 'x' })).status).toBe(403);
      expect((await patch(moderator, { settings: { message_retention_days: 1 } })).status).toBe(403);
      expect((await patch(owner, { settings: { message_retention_days: 30 } })).status).toBe(200);
      const changed = await patch(moderator, { title: ' New\u202e  title ', settings: { allow_invites: true } });
      expect(changed.body).toMatchObject({
        title: 'New title',
        settings: { allow_invites: true, is_private: true, message_retention_days: 30 },
      });
      expect((await patch(owner, { title: null })).body.title).toBeNull();
      for (const foreign of ['created_by', 'id', 'deleted_at', 'role', 'direct_key']) {
        expect((await patch(owner, { [foreign]: newId() })).status).toBe(400);
      }
    });

    it.each(['outside', 'inside as a participant'])(
      'requires a reason to publish by system role, which is audited and announced: a moderator %s',
      async (where) => {
        const owner = await world.user();
        const systemModerator = await world.user({ role: 'moderator' });
        const others: [User, 'participant'][] = where === 'outside' ? [] : [[systemModerator, 'participant']];
        const id = await world.group(owner, others, { type: 'room', settings: { is_private: true } });
        const device = await owner.webSocket();
        const open = (who: User, more: object = {}) =>
          who.call('PATCH', `/conversations/${id}`, { settings: { is_private: false }, ...more });
        expect(await open(systemModerator)).toMatchObject({
          status: 403,
          body: { error: { code: 'REASON_REQUIRED', details: { field: 'reason' } } },
        });
        expect((await owner.call('GET', `/conversations/${id}`)).body.settings.is_private).toBe(true);
        expect((await open(systemModerator, { reason: 'Shared by mistake' })).status).toBe(200);
        const content = 'A moderator of the system made this conversation public: Shared by mistake';
        const notice = { message_type: 'system', content, metadata: { action: 'conversation.update' } };
        expect((await device.first('message.created')).data!.message).toMatchObject(notice);
        device.close();
        const history = (): Promise<HttpResponse> => owner.call('GET', `/conversations/${id}/messages`);
        expect((await history()).body.data).toEqual([expect.objectContaining(notice)]);
        expect(await world.database.query('select action, reason from audit_log where target_id = $1', [id])).toEqual([
          { action: 'conversation.update', reason: 'Shared by mistake' },
        ]);
        // A public room needs no reason, and neither does a moderator of the conversation itself.
        expect((await open(systemModerator)).status).toBe(200);
        await owner.call('PATCH', `/conversations/${id}`, { settings: { is_private: true } });
        expect((await open(owner)).status).toBe(200);
        expect((await history()).body.data).toHaveLength(1);
      },
    );

    it('sets own preferences, which other users do not see', async () => {
      const [owner, friend] = await world.users(2);
      const id = await world.group(owner, [friend]);
      const until = new Date(Date.now() + 3_600_000).toISOString();
      const flags = await friend.call('PATCH', `/conversations/${id}/me`, {
        muted_until: until,
        is_pinned: true,
      });
      expect(flags.body).toEqual({
        is_archived: false,
        is_hidden: false,
        hidden_at_number: null,
        is_muted: true,
        muted_until: until,
        is_pinned: true,
        metadata: {},
      });
      expect((await owner.call('GET', `/conversations/${id}`)).body).toMatchObject({
        is_muted: false,
        is_pinned: false,
      });
      const past = await friend.call('PATCH', `/conversations/${id}/me`, {
        muted_until: '2001-01-01T00:00:00Z',
      });
      expect(past.body).toMatchObject({ is_muted: false, muted_until: null });
    });
  });

  describe('DELETE /conversations/:id', () => {
    it('requires the owner or a system admin, and ends the conversation for all participants', async () => {
      const [owner, admin, friend] = await world.users(3);
      const systemAdmin = await world.user({ role: 'admin' });
      const systemModerator = await world.user({ role: 'moderator' });
      const ids = [0, 1].map(() => world.group(owner, [[admin, 'admin'], friend])); // prettier-ignore
      const [first, second] = await Promise.all(ids);
      for (const who of [admin, friend, systemModerator]) {
        expect((await who.call('DELETE', `/conversations/${first}`)).status).toBe(403);
      }
      expect((await owner.call('DELETE', `/conversations/${first}`)).status).toBe(204);
      expect((await systemAdmin.call('DELETE', `/conversations/${second}`)).status).toBe(204);
      for (const id of [first, second]) {
        for (const who of [owner, friend]) {
          expect((await who.call('GET', `/conversations/${id}`)).status).toBe(404);
          expect((await who.call('POST', `/conversations/${id}/messages`, { content: 'x' })).status).toBe(404);
          expect((await who.call('POST', `/conversations/${id}/read`, { sequence_number: 1 })).status).toBe(404);
        }
      }
      expect((await friend.call('GET', '/conversations')).body.data).toEqual([]);
      const removals = await world.database.query(
        `select subject_id from events where stream_id = $1 and type = 'conversation.removed'`,
        [friend.userId],
      );
      expect(removals).toHaveLength(2);
    });
  });
});
