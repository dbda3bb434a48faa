import type { Frame } from '../support/client/inbox.js';
import { FileWorld } from '../support/file-world.js';

import type { User } from '../support/users.js';
import type { SampleFile } from '../fixtures/sample-files.js';

const NOTE: SampleFile = { name: 'note.txt', type: 'text/plain', category: 'text', bytes: Buffer.from('a note') };

interface Message {
  readonly id: string;
  readonly sequence_number: number;
  readonly seq: number;
  readonly content: string;
  readonly visible_to?: string[];
}

describe('messages that not all participants receive', () => {
  let world: FileWorld;

  beforeAll(async () => {
    world = await FileWorld.start({ SCHEDULE_DRY_RUN: 'true' });
  });
  afterAll(() => world.stop());

  const send = async (actor: User, id: string, content: string, body: object = {}): Promise<Message> => {
    const sent = await actor.call('POST', `/conversations/${id}/messages`, { content, ...body });
    expect([sent.status, sent.body.error]).toEqual([201, undefined]);
    return sent.body as Message;
  };
  const texts = async (actor: User, path: string): Promise<string[]> => {
    const { status, body } = await actor.call('GET', path);
    expect([path, status, body.error]).toEqual([path, 200, undefined]);
    return body.data.map(({ content }: Message) => content);
  };
  const code = async (actor: User, method: string, path: string, body?: object) =>
    (await actor.call(method as 'GET', path, body)).body.error?.code;

  describe('a message that only some participants see', () => {
    it('exists in every read for its sender and its audience, and for no other user', async () => {
      const [anna, ben, carl] = await world.users(3);
      const id = await world.group(anna, [ben, carl]);
      const path = `/conversations/${id}`;
      await send(anna, id, 'marker first');
      const only = { visible_to: [ben.userId] };
      const file = await world.ready(anna, NOTE);
      const secret = await send(anna, id, 'marker secret', {
        ...only,
        mentions: { users: [ben.userId, carl.userId], all: true },
        attachment_ids: [file.id],
      });
      expect(secret).toMatchObject({ visible_to: [ben.userId], mentions: [ben.userId] });
      await anna.call('PUT', `/messages/${secret.id}/pin`);
      const poll = await send(ben, id, 'secret poll', {
        poll: { question: 'Tea?', options: ['yes', 'no'] },
        visible_to: [anna.userId],
      });
      const quoting = await send(ben, id, 'marker answer', { reply_to_id: secret.id });

      for (const member of [anna, ben]) {
        expect(await texts(member, `${path}/messages`)).toEqual([
          'marker answer',
          'secret poll',
          'marker secret',
          'marker first',
        ]);
        expect((await member.call('GET', `/messages/${secret.id}`)).body).toMatchObject(only);
        expect(await texts(member, `${path}/pins`)).toEqual(['marker secret']);
        expect(await texts(member, '/search/messages?q=marker')).toContain('marker secret');
        expect((await world.fetch(member, `/api/v1/files/${file.id}/content`)).status).toBe(200);
        expect((await member.call('PUT', `/messages/${secret.id}/reactions/%F0%9F%91%8D`)).status).toBe(200);
        expect((await member.call('GET', `/messages/${quoting.id}`)).body).toMatchObject({
          reply_to_content: 'marker secret',
        });
      }
      expect(await texts(ben, '/users/me/mentions')).toEqual(['marker secret']);
      const receipts = await anna.call('GET', `/messages/${secret.id}/receipts`);
      expect(receipts.body.data).toMatchObject([{ user_id: ben.userId, is_read: true }]);
      expect((await anna.call('GET', `/messages/${secret.id}`)).body.status).toBe('read');

      expect(await texts(carl, `${path}/messages`)).toEqual(['marker answer', 'marker first']);
      for (const start of ['around', 'before', 'after'])
        expect(await code(carl, 'GET', `${path}/messages?${start}=${secret.id}`)).toBe('MESSAGE_NOT_FOUND');
      expect(await texts(carl, `${path}/pins`)).toEqual([]);
      expect(await texts(carl, '/search/messages?q=marker')).toEqual(['marker answer', 'marker first']);
      expect(await texts(carl, '/search/messages?q=secret')).toEqual([]);
      expect(await texts(carl, '/users/me/mentions')).toEqual([]);
      expect((await world.fetch(carl, `/api/v1/files/${file.id}/content`)).status).toBe(404);
      expect(await code(carl, 'GET', `/files/${file.id}`)).toBe('FILE_NOT_FOUND');
      expect((await carl.call('GET', `/messages/${quoting.id}`)).body).toMatchObject({
        reply_to_id: secret.id,
        reply_to: null,
        reply_to_content: null,
      });
      const at = `/messages/${secret.id}`;
      const requests: [string, string, object?][] = [
        ['GET', at],
        ['PATCH', at, { content: 'x' }],
        ['DELETE', at],
        ['DELETE', `${at}?for=me`],
        ['GET', `${at}/history`],
        ['GET', `${at}/receipts`],
        ['GET', `${at}/reactions`],
        ['PUT', `${at}/reactions/%F0%9F%91%8D`],
        ['PUT', `${at}/pin`],
        ['PUT', `/messages/${poll.id}/poll/votes`, { option_ids: ['1'] }],
        ['PUT', `${at}/saved`, {}],
        ['POST', `${path}/messages`, { content: 'x', reply_to_id: secret.id }],
      ];
      for (const [method, to, body] of requests)
        expect([method, to, await code(carl, method, to, body)]).toEqual([method, to, 'MESSAGE_NOT_FOUND']);
      const device = await carl.webSocket();
      const read = await device.request('message.read', { conversation_id: id, message_id: secret.id });
      expect(read.error).toMatchObject({ code: 'VALIDATION_ERROR' }); // as of a message that does not exist
      const report = { target_type: 'message', target_id: secret.id, category: 'spam' };
      expect(await code(carl, 'POST', '/reports', report)).toBe('REPORT_TARGET_NOT_FOUND');
    });

    it('neither counts nor moves the conversation for others, exactly', async () => {
      const [anna, ben, carl] = await world.users(3);
      const id = await world.group(anna, [ben, carl]);
      const path = `/conversations/${id}`;
      const state = async (actor: User) => {
        const { unread_count, mention_count, last_message, last_message_at, is_hidden } = (
          await actor.call('GET', path)
        ).body;
        return { unread_count, mention_count, last: last_message?.content, last_message_at, is_hidden };
      };
      await send(anna, id, 'public');
      const [before] = [await state(carl)];
      await carl.call('POST', `${path}/hide`);
      const all = { mentions: { all: true }, visible_to: [ben.userId] };
      for (const content of ['one', 'two']) await send(anna, id, content, all);
      const last = await send(anna, id, 'three', { visible_to: [ben.userId], mentions: [ben.userId, carl.userId] });
      expect(await state(ben)).toMatchObject({ unread_count: 4, mention_count: 3, last: 'three' });
      expect((await state(ben)).last_message_at > before!.last_message_at).toBe(true);
      expect(await state(carl)).toEqual({ ...before, is_hidden: true });
      expect((await carl.call('GET', '/users/me/unread')).body).toMatchObject({ total: 1, mentions: 0 });
      expect((await carl.call('GET', '/conversations?unread=true&is_hidden=true')).body.data).toHaveLength(1);
      await anna.call('DELETE', `/messages/${last.id}`);
      expect(await state(ben)).toMatchObject({ unread_count: 3, mention_count: 2 });
      expect(await state(carl)).toEqual({ ...before, is_hidden: true });
      await carl.call('POST', `${path}/read`, { sequence_number: 1 });
      expect((await carl.call('GET', '/conversations?unread=true&is_hidden=true')).body.data).toEqual([]);
      await send(anna, id, 'next');
      expect(await state(carl)).toMatchObject({ unread_count: 1, last: 'next', is_hidden: false });
    });

    it('changes of a thread nothing that others see', async () => {
      const [anna, ben, carl] = await world.users(3);
      const id = await world.group(anna, [ben, carl]);
      const root = await send(anna, id, 'root');
      await carl.call('PUT', `/messages/${root.id}/thread/follow`);
      const inThread = { reply_to_id: root.id, show_in_conversation: false };
      const reply = await send(ben, id, 'secret reply', {
        ...inThread,
        visible_to: [anna.userId],
        mentions: [carl.userId],
      });
      const path = `/messages/${root.id}`;
      const inbox = async (actor: User) =>
        (await actor.call('GET', '/threads?unread=true')).body.data.map(
          (thread: { unread_count: number }) => thread.unread_count,
        );
      const threads = async (actor: User) => (await actor.call('GET', '/users/me/unread')).body.threads;
      expect((await carl.call('GET', path)).body.reply_count).toBeUndefined();
      expect((await anna.call('GET', path)).body.reply_count).toBeUndefined();
      expect([await texts(anna, `${path}/replies`), await texts(carl, `${path}/replies`)]).toEqual([
        ['secret reply'],
        [],
      ]);
      expect([await inbox(anna), await inbox(carl)]).toEqual([[1], []]);
      expect([await threads(anna), await threads(carl)]).toEqual([1, 0]);
      await send(ben, id, 'open reply', inThread);
      expect([await inbox(anna), await inbox(carl)]).toEqual([[2], [1]]);
      expect((await carl.call('GET', path)).body).toMatchObject({ reply_count: 1, reply_user_ids: [ben.userId] });
      await ben.call('DELETE', `/messages/${reply.id}`);
      expect((await carl.call('GET', path)).body).toMatchObject({ reply_count: 1 });
      expect([await inbox(anna), await inbox(carl)]).toEqual([[1], [1]]);
    });

    it('is an event for its audience and a hidden event for others, live, in the log and after a resume', async () => {
      const [anna, ben, carl] = await world.users(3);
      const id = await world.group(anna, [ben, carl]);
      const devices = await Promise.all([anna, ben, carl].map((user) => user.webSocket()));
      const cursors: string[] = [];
      for (const device of devices) cursors.push((await device.first('live')).data!.cursor as string);
      const root = await send(anna, id, 'root');
      const only = { visible_to: [ben.userId] };
      const { data } = await devices[0]!.request('message.send', { conversation_id: id, content: 'secret', ...only });
      const secret = (data as { message: Message }).message;
      await ben.call('PUT', `/messages/${secret.id}/reactions/%F0%9F%91%8D`);
      await anna.call('PATCH', `/messages/${secret.id}`, { content: 'secret, edited' });
      await send(anna, id, 'secret reply', { reply_to_id: root.id, ...only, client_message_id: 'k' });
      await anna.call('DELETE', `/messages/${secret.id}`);
      const end = await send(ben, id, 'quotes a secret', { reply_to_id: secret.id });
      const reached = ({ seq, conversation_id }: Frame) => conversation_id === id && seq === end.seq + 1;
      for (const device of devices) await device.first(reached);
      const seen = async (index: number, user: User): Promise<Frame[][]> => {
        const again = await user.webSocket(cursors[index]);
        await again.first('live');
        const log = (await user.call('GET', `/conversations/${id}/events?after_seq=${root.seq - 1}`)).body
          .data as Frame[];
        const isOfPart = ({ conversation_id, seq }: Frame) => conversation_id === id && Number(seq) >= root.seq;
        return [devices[index]!.frames, again.frames, log].map((frames) => frames.filter(isOfPart));
      };
      const types = (frames: Frame[]) => frames.map(({ type }) => type);
      const shown = [
        'message.created',
        'message.created',
        'reaction.added',
        'message.updated',
        'message.created',
        'thread.updated',
        'message.deleted',
        'message.created',
      ];
      for (const frames of [...(await seen(0, anna)), ...(await seen(1, ben))]) {
        expect(types(frames)).toEqual([...shown, 'thread.updated']);
        expect(frames[1]!.data!.message).toMatchObject(only);
      }
      for (const frames of await seen(2, carl)) {
        const hidden = Array<string>(6).fill('event.hidden');
        expect(types(frames)).toEqual(['message.created', ...hidden, 'message.created', 'event.hidden']);
        expect(JSON.stringify(frames)).not.toMatch(/"secret|visible_to/);
        const seqs = frames.map(({ seq }) => seq!);
        expect(seqs).toEqual(seqs.map((_, index) => root.seq + index));
        for (const frame of frames.filter(({ type }) => type === 'event.hidden'))
          expect([frame.data, frame.actor_id]).toEqual([{ is_hidden: true }, null]);
      }
    });

    it('is limited to one to ten participants, never in a direct conversation, and is one message for each key', async () => {
      const [anna, ben, outsider] = await world.users(3);
      const id = await world.group(anna, [ben]);
      const path = `/conversations/${id}/messages`;
      const to = (visible_to: unknown, more: object = {}) => ({ content: 'x', visible_to, ...more });
      const refused = await anna.call('POST', path, to([ben.userId, outsider.userId]));
      expect([refused.status, refused.body.error]).toMatchObject([
        400,
        { code: 'INVALID_AUDIENCE', details: { reason: 'not_participants' } },
      ]);
      for (const wrong of [[], Array.from({ length: 11 }, () => crypto.randomUUID()), 'x', null, ['x']])
        expect(await code(anna, 'POST', path, to(wrong))).toBe('VALIDATION_ERROR');
      const direct = (await anna.call('POST', '/conversations', { type: 'direct', participant_ids: [ben.userId] }))
        .body;
      expect(
        (await anna.call('POST', `/conversations/${direct.id}/messages`, to([ben.userId]))).body.error,
      ).toMatchObject({
        code: 'INVALID_AUDIENCE',
        details: { reason: 'direct_conversation' },
      });
      const first = await anna.call('POST', path, to([ben.userId], { client_message_id: 'k' }));
      const again = await anna.call('POST', path, to([ben.userId], { client_message_id: 'k' }));
      expect([again.status, again.body]).toEqual([201, first.body]);
      expect(await code(anna, 'POST', path, to([anna.userId], { client_message_id: 'k' }))).toBe(
        'IDEMPOTENCY_CONFLICT',
      );
      expect(await code(anna, 'POST', path, { content: 'x', client_message_id: 'k' })).toBe('IDEMPOTENCY_CONFLICT');
      await anna.call('PATCH', `/messages/${first.body.id}`, { content: 'y', visible_to: [anna.userId] });
      expect((await ben.call('GET', `/messages/${first.body.id}`)).body).toMatchObject({ visible_to: [ben.userId] });
    });

    it('keeps its audience while it is scheduled', async () => {
      const [anna, ben, carl] = await world.users(3);
      const id = await world.group(anna, [ben, carl]);
      const scheduled = await anna.call('POST', `/conversations/${id}/scheduled-messages`, {
        content: 'later',
        visible_to: [ben.userId],
        send_at: new Date(Date.now() + 600).toISOString(),
      });
      expect([scheduled.status, scheduled.body.visible_to]).toEqual([201, [ben.userId]]);
      const device = await ben.webSocket();
      await device.first(({ type, conversation_id }) => type === 'message.created' && conversation_id === id);
      expect(await texts(carl, `/conversations/${id}/messages`)).toEqual([]);
      expect(await texts(ben, `/conversations/${id}/messages`)).toEqual(['later']);
    });
  });

  describe('a message that is not stored', () => {
    const ephemeral = (actor: User, id: string, content: string, more: object = {}) =>
      actor.call('POST', `/conversations/${id}/ephemeral-messages`, { content, ...more });

    it('reaches the devices of those who are connected and see it, once, and is written nowhere', async () => {
      const [anna, ben, carl] = await world.users(3);
      const id = await world.group(anna, [ben, carl]);
      const devices = await Promise.all([anna, ben, carl].map((user) => user.webSocket()));
      const cursors: string[] = [];
      for (const device of devices) cursors.push((await device.first('live')).data!.cursor as string);
      const sent = await ephemeral(anna, id, 'on my <script>x</script>way', { metadata: { a: 1 } });
      expect([sent.status, Object.keys(sent.body)]).toEqual([200, ['id', 'sent_at']]);
      const shown = { conversation_id: id, sender_id: anna.userId, sender_name: anna.displayName };
      for (const device of devices)
        expect((await device.next('message.ephemeral')).data).toEqual({
          ...shown,
          ...sent.body,
          content: 'on my way',
          metadata: { a: 1 },
        });
      const only = { visible_to: [carl.userId] };
      const reply = await devices[0]!.request('message.send_ephemeral', {
        conversation_id: id,
        content: 'psst',
        ...only,
      });
      expect(reply).toMatchObject({ ok: true });
      expect((await devices[2]!.next('message.ephemeral')).data).toMatchObject({ content: 'psst', ...only });
      expect((await devices[0]!.next('message.ephemeral')).data).toMatchObject({ content: 'psst', ...only });
      const last = await send(anna, id, 'stored');
      expect(last).toMatchObject({ sequence_number: 1, seq: (await devices[1]!.first('message.created')).seq });
      expect(devices[1]!.frames.filter(({ type }) => type === 'message.ephemeral')).toHaveLength(1);
      expect(await texts(ben, `/conversations/${id}/messages`)).toEqual(['stored']);
      const again = await ben.webSocket(cursors[1]);
      await again.first('live');
      expect(again.frames.map(({ type }) => type)).not.toContain('message.ephemeral');
    });

    it('is refused to whom a send is refused, and where it cannot be checked', async () => {
      const [anna, ben, outsider] = await world.users(3);
      const id = await world.group(anna, [ben]);
      const codeOf = async (actor: User, content = 'x', more: object = {}, to = id) =>
        (await ephemeral(actor, to, content, more)).body.error?.code;
      expect(await codeOf(outsider)).toBe('PERMISSION_DENIED');
      expect(await codeOf(anna, 'x', { visible_to: [outsider.userId] })).toBe('INVALID_AUDIENCE');
      expect(await codeOf(anna, ' ')).toBe('VALIDATION_ERROR');
      expect(await codeOf(anna, 'x'.repeat(1001))).toBe('VALIDATION_ERROR');
      expect(await codeOf(anna, 'x', { metadata: { text: 'x'.repeat(1025) } })).toBe('VALIDATION_ERROR');
      const direct = (await anna.call('POST', '/conversations', { type: 'direct', participant_ids: [ben.userId] }))
        .body;
      expect(await codeOf(anna, 'x', { visible_to: [ben.userId] }, direct.id)).toBe('INVALID_AUDIENCE');
      expect(await codeOf(anna, 'x', {}, direct.id)).toBeUndefined();
      await anna.call('PUT', `/users/${ben.userId}/block`);
      expect(await codeOf(ben, 'x', {}, direct.id)).toBe('PERMISSION_DENIED');
      const admin = await world.user({ role: 'admin' });
      const rule = { kind: 'word', pattern: 'ephemeralword', action: 'hold' };
      const { body: made } = await admin.call('POST', '/admin/content-rules', rule);
      expect(await codeOf(ben, 'an ephemeralword')).toBe('CONTENT_REJECTED');
      await admin.call('DELETE', `/admin/content-rules/${made.id}`);
      for (const [settings, code] of [
        [{ slow_mode_seconds: 5 }, 'SLOW_MODE'],
        [{ slow_mode_seconds: 0, is_frozen: true }, 'CONVERSATION_FROZEN'],
        [{ is_frozen: false, send_role: 'moderator' }, 'PERMISSION_DENIED'],
        [{ send_role: 'participant', message_length_max: 3 }, 'CONTENT_TOO_LONG'],
      ] as const) {
        await anna.call('PATCH', `/conversations/${id}`, { settings });
        expect([settings, await codeOf(ben, 'long')]).toEqual([settings, code]);
      }
      await anna.call('PATCH', `/conversations/${id}/participants/${ben.userId}`, { is_muted: true });
      expect(await codeOf(ben)).toBe('PERMISSION_DENIED');
    });
  });

  describe('a shadow ban', () => {
    let admin: User;

    beforeAll(async () => {
      admin = await world.user({ role: 'admin' });
    });

    const ban = async ({ userId }: User, body: object = { reason: 'Spam' }) =>
      expect((await admin.call('PUT', `/admin/users/${userId}/shadow-ban`, body)).status).toBe(204);
    const lift = async ({ userId }: User) =>
      expect((await admin.call('DELETE', `/admin/users/${userId}/shadow-ban`)).status).toBe(204);
    /** Without what differs between two messages of different users. */
    const shape = (message: Record<string, unknown>) => Object.keys(message).sort();

    it('is set, changed and ended by admins, with a reason and an end, and seen only by them', async () => {
      const [anna] = await world.users(1);
      const before = (await anna.call('GET', '/users/me')).body;
      const path = `/admin/users/${anna.userId}`;
      const until = new Date(Date.now() + 60_000).toISOString();
      await ban(anna, { reason: 'Spam', until });
      const shown = async () => (await admin.call('GET', path)).body.shadow_ban;
      expect(await shown()).toEqual({ reason: 'Spam', at: expect.any(String), until });
      await ban(anna, { reason: 'More spam' });
      expect(await shown()).toMatchObject({ reason: 'More spam', until: null });
      expect((await anna.call('GET', '/users/me')).body).toEqual(before);
      for (const body of [{}, { reason: ' ' }, { reason: 'x', until: '2000-01-01T00:00:00Z' }])
        expect(await code(admin, 'PUT', `${path}/shadow-ban`, body)).toBe('VALIDATION_ERROR');
      await lift(anna);
      await lift(anna);
      expect(await shown()).toBeNull();
      const log = (await admin.call('GET', `/admin/audit-log?target_id=${anna.userId}`)).body.data;
      const actions = log.map(({ action, reason }: { action: string; reason: string }) => [action, reason]);
      expect(actions).toEqual([
        ['user.shadow_unban', null],
        ['user.shadow_ban', 'More spam'],
        ['user.shadow_ban', 'Spam'],
      ]);
      expect(await code(anna, 'PUT', `/admin/users/${admin.userId}/shadow-ban`, { reason: 'x' })).toBe(
        'PERMISSION_DENIED',
      );
    });

    it('shows what the user sends to them alone, as if it had been sent to all', async () => {
      const [anna, ben, carl] = await world.users(3);
      const id = await world.group(ben, [anna, carl], { settings: { system_messages: true } });
      const path = `/conversations/${id}`;
      const root = await send(ben, id, 'root');
      const devices = await Promise.all([anna, ben].map((user) => user.webSocket()));
      const cursors: string[] = [];
      for (const device of devices) cursors.push((await device.first('live')).data!.cursor as string);
      const open = await send(anna, id, 'open', { client_message_id: 'open' });
      await ban(anna);
      const own = await send(anna, id, 'marker shadowed', { client_message_id: 'k', mentions: [carl.userId] });
      const limited = await send(anna, id, 'marker limited', { visible_to: [carl.userId] });
      expect(shape({ ...own })).toEqual(shape({ ...open }));
      expect(own).toMatchObject({ mentions: [carl.userId], status: 'sent' });
      expect(limited).toMatchObject({ visible_to: [carl.userId] });
      const before = (await carl.call('GET', path)).body;
      expect(before).toMatchObject({ unread_count: 2, mention_count: 0, last_message: { content: 'open' } });
      const reply = await send(anna, id, 'marker reply', { reply_to_id: root.id, show_in_conversation: false });
      await anna.call('POST', `${path}/typing`);
      await devices[0]!.request('message.send_ephemeral', { conversation_id: id, content: 'psst' });
      await devices[0]!.request('message.edit', { message_id: own.id, content: 'marker shadowed, edited' });
      await anna.call('PUT', `/messages/${own.id}/reactions/%F0%9F%91%8D`);
      const last = await send(ben, id, 'last');

      const list = await anna.call('GET', `${path}/messages`);
      const contents = list.body.data.map(({ content }: Message) => content);
      expect(contents).toEqual(['last', 'marker limited', 'marker shadowed, edited', 'open', 'root']);
      expect(JSON.stringify(list.body)).not.toContain('is_shadowed');
      expect((await anna.call('GET', path)).body).toMatchObject({ unread_count: 1 });
      expect((await anna.call('GET', `/messages/${root.id}`)).body).toMatchObject({
        reply_count: 1,
        reply_user_ids: [anna.userId],
        last_reply_at: expect.any(String),
      });
      const receipts = (await anna.call('GET', `/messages/${own.id}/receipts`)).body.data;
      expect(receipts.map(({ user_id }: { user_id: string }) => user_id).sort()).toEqual(
        [ben.userId, carl.userId].sort(),
      );
      for (const other of [ben, carl]) {
        expect(await texts(other, `${path}/messages`)).toEqual(['last', 'open', 'root']);
        expect(await texts(other, '/search/messages?q=marker')).toEqual([]);
        for (const { id: hidden } of [own, limited, reply])
          expect(await code(other, 'GET', `/messages/${hidden}`)).toBe('MESSAGE_NOT_FOUND');
        expect((await other.call('GET', `/messages/${root.id}`)).body.reply_count).toBeUndefined();
      }
      expect((await carl.call('GET', path)).body).toMatchObject({ unread_count: 3, mention_count: 0 });

      for (const device of devices) await device.first(({ data }) => data?.message?.id === last.id);
      const again = await anna.webSocket(cursors[0]);
      await again.first('live');
      const log = (await anna.call('GET', `${path}/events?after_seq=${root.seq}`)).body.data as Frame[];
      for (const frames of [devices[0]!.frames, again.frames, log] as Frame[][]) {
        expect(JSON.stringify(frames)).not.toMatch(/is_shadowed|event\.hidden|only_for/);
        const ofThread = frames.filter(({ type }) => type === 'thread.updated');
        expect(ofThread.map(({ data }) => data)).toEqual([
          expect.objectContaining({ reply_count: 1, reply_user_ids: [anna.userId] }),
        ]);
        const keys = frames
          .filter(({ type }) => type === 'message.created')
          .map(({ data }) => data.message.client_message_id);
        expect(keys).toEqual(['open', 'k', undefined, undefined, undefined]);
      }
      const heard = devices[1]!.frames.filter(({ conversation_id, seq }) => conversation_id === id && seq! > open.seq);
      expect(heard.map(({ type }) => type)).toEqual([...Array<string>(6).fill('event.hidden'), 'message.created']);
      const signals = devices[1]!.frames.map(({ type }) => type);
      expect(signals.filter((type) => type === 'typing' || type === 'message.ephemeral')).toEqual([]);
      expect(devices[0]!.frames.map(({ type }) => type)).toContain('message.ephemeral');
      const exported = await world.database.query<{ audience: string[] }>(
        'select audience from messages where id = $1',
        [limited.id],
      );
      expect(exported).toEqual([{ audience: [] }]);

      await lift(anna);
      expect(await texts(carl, `${path}/messages`)).toEqual(['last', 'open', 'root']);
      await send(anna, id, 'open again', { reply_to_id: own.id });
      expect(await texts(carl, `${path}/messages`)).toEqual(['open again', 'last', 'open', 'root']);
      expect((await carl.call('GET', `${path}/messages?limit=1`)).body.data[0]).toMatchObject({ reply_to: null });
    });

    it('shows reactions, votes and edits of the user to them alone', async () => {
      const [anna, ben] = await world.users(2);
      const id = await world.group(ben, [anna]);
      const path = `/conversations/${id}`;
      const poll = await send(ben, id, 'Tea?', { poll: { question: 'Tea?', options: ['yes', 'no'] } });
      const old = await send(anna, id, 'from before');
      await ban(anna);
      const devices = await Promise.all([anna, ben].map((user) => user.webSocket()));
      const cursors: string[] = [];
      for (const device of devices) cursors.push((await device.first('live')).data!.cursor as string);
      const at = `/messages/${poll.id}`;
      const thumb = { emoji: '👍', count: 1, user_ids: [anna.userId] };
      expect((await anna.call('PUT', `${at}/reactions/%F0%9F%91%8D`)).body.reactions).toEqual([thumb]);
      const voted = (await anna.call('PUT', `${at}/poll/votes`, { option_ids: ['1'] })).body;
      expect(voted.poll).toMatchObject({ voter_count: 1, options: [{ vote_count: 1, own: true }, { vote_count: 0 }] });
      const edited = (await anna.call('PATCH', `/messages/${old.id}`, { content: 'abuse' })).body;
      expect(edited).toMatchObject({ content: 'abuse', is_edited: true });
      await ben.call('PUT', `${at}/reactions/%F0%9F%98%80`);
      const last = await send(ben, id, 'last');
      for (const device of devices) await device.first(({ data }) => data?.message?.id === last.id);

      const ofAnna = (await anna.call('GET', at)).body;
      expect(ofAnna.reactions.map(({ emoji }: { emoji: string }) => emoji)).toEqual(['👍', '😀']);
      expect(ofAnna.poll).toMatchObject({ voter_count: 1 });
      expect((await anna.call('GET', `${at}/reactions`)).body.data).toHaveLength(2);
      expect(await texts(anna, `${path}/messages`)).toEqual(['last', 'abuse', 'Tea?']);
      const ofBen = (await ben.call('GET', at)).body;
      expect(ofBen.reactions).toEqual([{ emoji: '😀', count: 1, user_ids: [ben.userId] }]);
      expect(ofBen.poll).toMatchObject({ voter_count: 0, options: [{ vote_count: 0 }, { vote_count: 0 }] });
      expect((await ben.call('GET', `${at}/reactions`)).body.data).toHaveLength(1);
      expect((await ben.call('GET', `/messages/${old.id}`)).body).toMatchObject({
        content: 'from before',
        is_edited: false,
      });
      for (const [index, user] of [anna, ben].entries()) {
        const again = await user.webSocket(cursors[index]);
        await again.first('live');
        for (const frames of [devices[index]!.frames, again.frames] as Frame[][]) {
          const seen = frames.filter(({ conversation_id, seq }) => conversation_id === id && seq! > old.seq);
          const changes =
            index === 0 ? ['reaction.added', 'poll.updated', 'message.updated'] : Array(3).fill('event.hidden');
          expect(seen.map(({ type }) => type)).toEqual([...changes, 'reaction.added', 'message.created']);
          expect(seen[3]!.data.reactions).toHaveLength(index === 0 ? 2 : 1);
          expect(/abuse/.test(JSON.stringify(seen))).toBe(index === 0);
        }
      }
      await lift(anna);
      await anna.call('DELETE', `${at}/reactions/%F0%9F%91%8D`);
      await anna.call('PATCH', `/messages/${old.id}`, { content: 'for all' });
      expect((await ben.call('GET', `/messages/${old.id}`)).body).toMatchObject({ content: 'for all' });
      expect((await anna.call('GET', at)).body.reactions).toEqual(ofBen.reactions);
    });

    it('hides announcements of the user, and is shown to moderators who read around a report', async () => {
      const [anna, ben] = await world.users(2);
      const id = await world.group(ben, [anna], { settings: { system_messages: true } });
      const path = `/conversations/${id}`;
      const target = await send(ben, id, 'reported');
      await ban(anna);
      const sent = await send(anna, id, 'shadowed');
      const atBefore = (await ben.call('GET', path)).body.last_message_at;
      await anna.call('POST', `${path}/leave`);
      expect(await texts(ben, `${path}/messages`)).toEqual(['reported']);
      expect((await ben.call('GET', path)).body.last_message_at).toBe(atBefore);
      const reporter = await world.user();
      await ben.call('POST', `${path}/participants`, { user_ids: [reporter.userId] });
      const { body: report } = await reporter.call('POST', '/reports', {
        target_type: 'message',
        target_id: target.id,
        category: 'spam',
      });
      const { body: read } = await admin.call('GET', `/admin/reports/${report.id}`);
      const shown = read.context.messages.map((m: { id: string; is_shadowed: boolean }) => [m.id, m.is_shadowed]);
      expect(shown).toEqual(
        expect.arrayContaining([
          [target.id, false],
          [sent.id, true],
        ]),
      );
      const around = (await admin.call('GET', `/admin/reports/${report.id}/messages`)).body.data;
      expect(around.find((m: Message) => m.id === sent.id)).toMatchObject({ is_shadowed: true });
    });
  });
});
