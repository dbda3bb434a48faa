import type { User } from '../support/users.js';
import { World } from '../support/world.js';

/** JSON with as many bytes as metadata may have. */
const LARGEST = { text: 'x'.repeat(16_384 - '{"text":""}'.length) };

describe('the data of a conversation', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const show = async (user: User, id: string) => (await user.call('GET', `/conversations/${id}`)).body;
  const patch = (user: User, id: string, body: object) => user.call('PATCH', `/conversations/${id}`, body);

  describe('metadata', () => {
    it('is merged by moderators, and shown and announced to all participants', async () => {
      const [owner, member] = await world.users(2);
      const id = await world.group(owner, [member], { metadata: { order: '42', none: null, by: { a: 1, b: 2 } } });
      expect((await show(member, id)).metadata).toEqual({ order: '42', by: { a: 1, b: 2 } });
      const socket = await member.webSocket();
      const changed = await patch(owner, id, { metadata: { order: null, by: { b: null, c: [null] } } });
      expect(changed.body.metadata).toEqual({ by: { a: 1, c: [null] } });
      const { data } = await socket.next('conversation.updated');
      expect(data.conversation).toMatchObject({ metadata: { by: { a: 1, c: [null] } } });
      expect((await patch(member, id, { metadata: { mine: 1 } })).status).toBe(403);
      expect((await show(owner, id)).metadata).toEqual({ by: { a: 1, c: [null] } });
    });

    it('has at most 16 kB, after a merge too', async () => {
      const owner = await world.user();
      const id = await world.group(owner, [], { metadata: LARGEST });
      expect(await patch(owner, id, { metadata: { more: 1 } })).toMatchObject({
        status: 400,
        body: {
          error: { details: { errors: [{ field: 'metadata', reason: expect.stringContaining('after the merge') }] } },
        },
      });
      expect((await show(owner, id)).metadata).toEqual(LARGEST);
      expect((await patch(owner, id, { metadata: { text: null, more: 1 } })).body.metadata).toEqual({ more: 1 });
    });

    it('finds conversations by its texts, for their participants only', async () => {
      const [owner, other] = await world.users(2);
      const id = await world.group(owner, [], { metadata: { order: '4711', team: 'blue', count: 5 } });
      await world.group(owner, [], { metadata: { order: '4712', team: 'blue' } });
      await world.group(other, [], { metadata: { order: '4711', team: 'blue' } });
      const found = async (query: string) =>
        (await owner.call('GET', `/conversations?${query}`)).body.data.map((one: { id: string }) => one.id);
      expect(await found('metadata.order=4711')).toEqual([id]);
      expect(await found('metadata.team=blue&metadata.order=4711')).toEqual([id]);
      expect(await found('metadata.team=blue')).toHaveLength(2);
      expect(await found('metadata.team=red')).toEqual([]);
      expect(await found('metadata.count=5')).toEqual([]);
      const many = Array.from({ length: 6 }, (_, at) => `metadata.k${at}=1`).join('&');
      for (const query of [
        many,
        'metadata.order=1&metadata.order=2',
        `metadata.order=${'x'.repeat(256)}`,
        'metadata=1',
      ]) {
        const { status, body } = await owner.call('GET', `/conversations?${query}`);
        expect([query.slice(0, 20), status, body.error.details.errors[0].field]).toEqual([
          query.slice(0, 20),
          400,
          'metadata',
        ]);
      }
    });

    it('is gone with the conversation', async () => {
      const owner = await world.user();
      const id = await world.group(owner, [], { metadata: { order: 'secret' }, picture: 'https://example.com/a.png' });
      await owner.call('DELETE', `/conversations/${id}`);
      const [row] = await world.database.query('select metadata, picture from conversations where id = $1', [id]);
      expect(row).toEqual({ metadata: {}, picture: null });
    });
  });

  describe('a picture', () => {
    it('is an https URL, which null removes', async () => {
      const owner = await world.user();
      const id = await world.group(owner, [], { picture: 'https://example.com/a.png' });
      expect((await show(owner, id)).picture).toBe('https://example.com/a.png');
      for (const picture of ['http://example.com/a.png', 'javascript:alert(1)', 'https://a:b@example.com/', 'x', '']) {
        expect((await patch(owner, id, { picture })).status).toBe(400);
      }
      expect((await patch(owner, id, { title: 'Same picture' })).body.picture).toBe('https://example.com/a.png');
      expect((await patch(owner, id, { picture: null })).body.picture).toBeNull();
    });
  });

  describe('one’s own metadata of a membership', () => {
    it('is merged, sent to one’s own devices alone, and gone after leaving', async () => {
      const [owner, member] = await world.users(2);
      const id = await world.group(owner, [member]);
      const own = (body: object) => member.call('PATCH', `/conversations/${id}/me`, body);
      const socket = await member.webSocket();
      expect((await own({ metadata: { color: 'red', tags: { a: 1 } } })).body.metadata).toEqual({
        color: 'red',
        tags: { a: 1 },
      });
      expect((await socket.next('conversation.updated')).data).toMatchObject({
        conversation_id: id,
        me: { metadata: { color: 'red', tags: { a: 1 } } },
      });
      expect((await own({ metadata: { color: null } })).body.metadata).toEqual({ tags: { a: 1 } });
      expect((await own({ is_pinned: true })).body).toMatchObject({ is_pinned: true, metadata: { tags: { a: 1 } } });
      expect(await show(member, id)).toMatchObject({ metadata: {}, membership_metadata: { tags: { a: 1 } } });
      expect(await show(owner, id)).toMatchObject({ membership_metadata: {} });
      expect((await own({ metadata: LARGEST })).status).toBe(400);
      await member.call('POST', `/conversations/${id}/leave`);
      await owner.call('POST', `/conversations/${id}/participants`, { user_ids: [member.userId] });
      expect((await show(member, id)).membership_metadata).toEqual({});
    });
  });

  describe('a conversation', () => {
    const capabilities = async (user: User, id: string): Promise<string[]> => (await show(user, id)).own_capabilities;

    it('lists what the reader may do now as own_capabilities', async () => {
      const [owner, moderator, member] = await world.users(3);
      const id = await world.group(owner, [[moderator, 'moderator'], member]);
      const ofMember = ['send_message', 'upload_file', 'react', 'edit_own', 'delete_own', 'leave'];
      expect((await capabilities(member, id)).sort()).toEqual([...ofMember].sort());
      const ofModerator = [
        ...ofMember,
        'mention_all',
        'delete_any',
        'pin',
        'invite',
        'mute',
        'ban',
        'remove',
        'update',
      ];
      expect((await capabilities(moderator, id)).sort()).toEqual([...ofModerator].sort());
      const ofOwner = [...ofModerator, 'change_role', 'transfer_ownership', 'update_retention', 'delete'];
      expect((await capabilities(owner, id)).sort()).toEqual([...ofOwner].sort());

      await patch(owner, id, { settings: { is_frozen: true, allow_invites: true } });
      expect(await capabilities(member, id)).toEqual(['upload_file', 'delete_own', 'invite', 'leave']);
      expect((await capabilities(moderator, id)).sort()).toEqual([...ofModerator].sort());
      await patch(owner, id, { settings: { is_frozen: false, allow_invites: false } });
      await owner.call('PATCH', `/conversations/${id}/participants/${member.userId}`, { is_muted: true });
      expect(await capabilities(member, id)).toEqual(['upload_file', 'delete_own', 'leave']);
      const listed = (await member.call('GET', '/conversations')).body.data[0];
      expect(listed.own_capabilities).toEqual(['upload_file', 'delete_own', 'leave']);
    });

    it('sends the capabilities again when settings, role or mute change, and after a resume', async () => {
      const [owner, member] = await world.users(2);
      const id = await world.group(owner, [member]);
      const [socket, owners] = [await member.webSocket(), await owner.webSocket()];
      const all = ['send_message', 'upload_file', 'react', 'edit_own', 'delete_own', 'leave'];
      const changed = (client = socket) => client.next('capabilities.changed');
      await patch(owner, id, { settings: { is_frozen: true } });
      const frozen = { conversation_ids: [id], own_capabilities: ['upload_file', 'delete_own', 'leave'] };
      expect((await changed()).data).toEqual(frozen);
      expect((await changed(owners)).data).toMatchObject({
        own_capabilities: expect.arrayContaining(['send_message']),
      });
      await patch(owner, id, { settings: { is_frozen: false } });
      expect((await changed()).data).toEqual({ conversation_ids: [id], own_capabilities: all });
      await owner.call('PATCH', `/conversations/${id}/participants/${member.userId}`, { is_muted: true });
      expect((await changed()).data).toEqual(frozen);
      await owner.call('PATCH', `/conversations/${id}/participants/${member.userId}`, { role: 'moderator' });
      const { data } = await changed();
      expect(data).toEqual({ conversation_ids: [id], own_capabilities: await capabilities(member, id) });
      const cursor = (await member.call('GET', '/sync')).body.cursor as string;
      const resumed = await member.webSocket(encodeURIComponent(cursor));
      const frames = resumed.frames.filter(({ type }) => type === 'capabilities.changed');
      expect(frames.map((frame) => frame.data)).toEqual([data]);
    });

    it('announces changes by system messages without a text if its settings say so, in the order of the changes', async () => {
      const [owner, ana, bo] = await world.users(3);
      const id = await world.group(owner, [ana], { type: 'room', title: 'Hall', settings: { system_messages: true } });
      const path = `/conversations/${id}`;
      const device = await ana.webSocket();
      await bo.call('POST', `${path}/join`);
      await owner.call('PATCH', `${path}/participants/${bo.userId}`, { role: 'moderator' });
      await owner.call('PATCH', `${path}/participants/${bo.userId}`, { is_muted: true });
      await owner.call('PATCH', path, { title: 'Great Hall', description: 'Large' });
      await owner.call('PATCH', path, { title: 'Great Hall', description: 'Very large' });
      const { body: pinned } = await owner.call('POST', `${path}/messages`, { content: 'Read this' });
      await owner.call('PUT', `/messages/${pinned.id}/pin`);
      await owner.call('DELETE', `${path}/participants/${bo.userId}`);
      await owner.call('POST', `${path}/participants`, { user_ids: [bo.userId] });
      await bo.call('POST', `${path}/leave`);
      const expected = [
        [bo.userId, 'participant.joined', [bo.userId]],
        [owner.userId, 'participant.role_changed', [bo.userId]],
        [owner.userId, 'conversation.title_changed', []],
        [owner.userId, 'message.pinned', [pinned.id]],
        [owner.userId, 'participant.removed', [bo.userId]],
        [owner.userId, 'participant.added', [bo.userId]],
        [bo.userId, 'participant.left', [bo.userId]],
      ];
      const { body } = await ana.call('GET', `${path}/messages`);
      const stored = body.data
        .filter((message: { message_type: string }) => message.message_type === 'system')
        .reverse();
      type Stored = { sender_id: string; content: string; metadata: { action: string; ids: string[] } };
      expect(stored.map(({ sender_id, metadata }: Stored) => [sender_id, metadata.action, metadata.ids])).toEqual(
        expected,
      );
      expect(stored.map(({ content }: Stored) => content).join('')).toBe('');
      expect((await ana.call('GET', path)).body.unread_count).toBe(1);
      await device.first((frame) => JSON.stringify(frame.data).includes('participant.left"'));
      const received = device.frames.filter(({ type }) => type === 'message.created').map(({ data }) => data!.message);
      expect(received).toHaveLength(expected.length + 1);
      device.close();

      await owner.call('PATCH', path, { settings: { system_messages: false } });
      await bo.call('POST', `${path}/join`);
      expect((await ana.call('GET', `${path}/messages`)).body.data[0].metadata.action).toBe('participant.left');
    });

    it('loses capabilities by a block, if it is direct', async () => {
      const [anna, ben] = await world.users(2);
      const { id } = (await anna.call('POST', '/conversations', { type: 'direct', participant_ids: [ben.userId] }))
        .body;
      const all = ['send_message', 'mention_all', 'upload_file', 'react', 'edit_own', 'delete_own', 'pin', 'delete'];
      expect(await capabilities(ben, id)).toEqual(all);
      await anna.call('PUT', `/users/${ben.userId}/block`);
      expect(await capabilities(ben, id)).toEqual(['upload_file', 'delete_own', 'delete']);
      expect(await capabilities(anna, id)).toEqual(all);
    });
  });

  describe('a message', () => {
    it('has the user whom it quotes, in the response, the event, and every later read', async () => {
      const [anna, ben] = await world.users(2);
      const id = await world.group(anna, [ben]);
      const send = async (user: User, body: object) =>
        (await user.call('POST', `/conversations/${id}/messages`, body)).body;
      const quoted = await send(anna, { content: 'Who is in?' });
      expect(quoted.reply_to).toBeNull();
      const socket = await anna.webSocket();
      const reply = await send(ben, { content: 'Me!', reply_to_id: quoted.id });
      const shown = {
        id: quoted.id,
        sequence_number: quoted.sequence_number,
        sender_id: anna.userId,
        sender_name: anna.displayName,
        content: 'Who is in?',
      };
      expect(reply.reply_to).toEqual(shown);
      const { data } = await socket.next('message.created');
      expect(data.message).toMatchObject({ reply_to: shown });
      expect((await anna.call('GET', `/messages/${reply.id}`)).body.reply_to).toEqual(shown);
      const [replayed] = (await anna.call('GET', `/conversations/${id}/events?after_seq=${reply.seq - 1}`)).body.data;
      expect(replayed.data.message.reply_to).toEqual(shown);
      await anna.call('DELETE', `/messages/${quoted.id}`);
      expect((await ben.call('GET', `/messages/${reply.id}`)).body.reply_to).toEqual({ ...shown, content: null });
    });

    it('is on a page that has whether there are older and newer ones', async () => {
      const [anna, ben] = await world.users(2);
      const id = await world.group(anna, [ben]);
      const page = async (query: string) => {
        const { body } = await anna.call('GET', `/conversations/${id}/messages?${query}`);
        return [
          body.data.map((one: { sequence_number: number }) => one.sequence_number),
          body.has_older,
          body.has_newer,
        ];
      };
      expect(await page('')).toEqual([[], false, false]);
      const ids: string[] = [];
      for (let number = 1; number <= 9; number++) {
        const sender = number === 5 ? ben : anna;
        ids.push(
          (await sender.call('POST', `/conversations/${id}/messages`, { content: `${number}` })).body.id as string,
        );
      }
      expect(await page('')).toEqual([[9, 8, 7, 6, 5, 4, 3, 2, 1], false, false]);
      expect(await page('limit=2')).toEqual([[9, 8], true, false]);
      expect(await page('limit=2&before_number=5')).toEqual([[4, 3], true, true]);
      expect(await page('limit=4&before_number=5')).toEqual([[4, 3, 2, 1], false, true]);
      expect(await page('before_number=1')).toEqual([[], false, true]);
      expect(await page('limit=2&after_number=5')).toEqual([[6, 7], true, true]);
      expect(await page('limit=4&after_number=5')).toEqual([[6, 7, 8, 9], true, false]);
      expect(await page('limit=9&after_number=0')).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9], false, false]);
      expect(await page('after_number=9')).toEqual([[], true, false]);
      expect(await page(`limit=4&around=${ids[4]}`)).toEqual([[7, 6, 5, 4], true, true]);
      expect(await page(`limit=8&around=${ids[4]}`)).toEqual([[9, 8, 7, 6, 5, 4, 3, 2], true, false]);
      expect(await page(`limit=4&around=${ids[1]}`)).toEqual([[4, 3, 2, 1], false, true]);
      expect(await page(`limit=1&around=${ids[0]}`)).toEqual([[1], false, true]);
      // A filter: only the fifth message is by Ben.
      const ofBen = `sender_id=${ben.userId}`;
      expect(await page(ofBen)).toEqual([[5], false, false]);
      expect(await page(`${ofBen}&before_number=5`)).toEqual([[], false, true]);
      expect(await page(`${ofBen}&after_number=5`)).toEqual([[], true, false]);
      expect(await page(`${ofBen}&around=${ids[2]}`)).toEqual([[5], false, false]);
    });

    it('is marked for the reader alone, if the reader has blocked the sender', async () => {
      const [anna, ben, cleo] = await world.users(3);
      const id = await world.group(anna, [ben, cleo]);
      const sent = (await ben.call('POST', `/conversations/${id}/messages`, { content: 'blocked marlin' })).body;
      await ben.call('PUT', `/messages/${sent.id}/reactions/${encodeURIComponent('👍')}`);
      await anna.call('PUT', `/messages/${sent.id}/pin`);
      await anna.call('POST', `/conversations/${id}/messages`, { content: 'own' });
      await anna.call('PUT', `/users/${ben.userId}/block`);
      const marks = async (user: User, path: string) =>
        [(await user.call('GET', path)).body]
          .flatMap((body) => body.data ?? [body])
          .map((one) => one.is_sender_blocked);
      const paths = [`/messages/${sent.id}`, `/conversations/${id}/pins`];
      for (const path of paths) expect([path, await marks(anna, path)]).toEqual([path, [true]]);
      expect(await marks(anna, `/conversations/${id}/messages`)).toEqual([undefined, true]);
      for (const user of [ben, cleo]) expect(await marks(user, `/messages/${sent.id}`)).toEqual([undefined]);
      await anna.call('DELETE', `/users/${ben.userId}/block`);
      expect(await marks(anna, `/messages/${sent.id}`)).toEqual([undefined]);
    });
  });
});
