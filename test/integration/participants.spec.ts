import { EndMutesTask } from '../../src/modules/participants/end-mutes-task.js';
import { EndedMutesRepository } from '../../src/modules/participants/ended-mutes.repository.js';
import { ParticipantChanges } from '../../src/modules/participants/participant-changes.js';
import { ModeratorDelete } from '../../src/modules/messages/moderator-delete.service.js';
import { ParticipantsService } from '../../src/modules/participants/participants.service.js';
import type { ParticipantRole } from '../../src/modules/participants/participant-roles.js';
import { Sql } from '../../src/platform/database/sql.js';
import { EventLog } from '../../src/platform/event-log/event-log.js';
import { newId } from '../../src/platform/database/ids.js';
import { startTestApp } from '../support/test-app.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('the participants of a conversation', () => {
  let world: World;
  let participants: ParticipantsService;

  beforeAll(async () => {
    world = await World.start({ PROCESS_ROLE: 'api' });
    participants = world.get(ParticipantsService);
  });

  afterAll(() => world.stop());

  const events = (streamId: string) =>
    world.database.query<{ seq: string; type: string; subject_id: string; payload: Record<string, unknown> }>(
      'select seq, type, subject_id, payload from events where stream_id = $1 order by seq',
      [streamId],
    );
  const rolesOf = async (conversationId: string): Promise<Record<string, string>> => {
    const rows = await world.database.query<{ user_id: string; role: string }>(
      'select user_id, role from participants where conversation_id = $1 and left_seq is null',
      [conversationId],
    );
    return Object.fromEntries(rows.map((row) => [row.user_id, row.role]));
  };

  describe('adding a participant', () => {
    it('appends an event to the conversation, and one to the stream of the participant with the first position', async () => {
      const [owner, friend] = await world.users(2);
      const id = await world.group(owner);
      const answer = await owner.call('POST', `/conversations/${id}/participants`, {
        user_ids: [friend.userId],
      });
      expect(answer.status).toBe(201);
      expect(answer.body.data).toEqual([expect.objectContaining({ user_id: friend.userId, role: 'participant' })]);
      const [, joined] = await events(id);
      expect(joined).toMatchObject({ type: 'participant.joined', subject_id: friend.userId, payload: { prev: 0 } });
      const [added] = await events(friend.userId);
      expect(added).toMatchObject({
        type: 'conversation.added',
        subject_id: id,
        payload: { since_seq: Number(joined!.seq) },
      });
    });

    it('marks earlier messages as read and delivered, so that no status is reduced', async () => {
      const [owner, friend] = await world.users(2);
      const id = await world.group(owner);
      for (let i = 0; i < 3; i++) await owner.call('POST', `/conversations/${id}/messages`, { content: `${i}` });
      await participants.add(owner, id, { user_ids: [friend.userId] });
      const { body } = await friend.call('GET', `/conversations/${id}`);
      expect(body).toMatchObject({ unread_count: 0, last_read_number: 3 });
    });

    it('requires a moderator unless invitations are allowed, and is refused after a block', async () => {
      const [owner, moderator, plain, newcomer, enemy] = await world.users(5);
      const others: [User, ParticipantRole][] = [
        [moderator, 'moderator'],
        [plain, 'participant'],
      ];
      const closed = await world.group(owner, others);
      const open = await world.group(owner, others, { settings: { allow_invites: true } });
      const add = (who: User, id: string, whom: User, role?: string) =>
        who.call('POST', `/conversations/${id}/participants`, { user_ids: [whom.userId], role });
      expect((await add(plain, closed, newcomer)).status).toBe(403);
      expect((await add(plain, open, newcomer, 'moderator')).status).toBe(403);
      expect((await add(moderator, closed, newcomer, 'admin')).status).toBe(403);
      expect((await add(moderator, closed, newcomer)).status).toBe(201);
      expect((await add(plain, open, newcomer)).status).toBe(201);
      await enemy.call('PUT', `/users/${owner.userId}/block`);
      expect((await add(owner, closed, enemy)).status).toBe(403);
    });

    it('rejects unknown and banned users, an empty list, and too many users', async () => {
      const [owner, banned] = await world.users(2);
      const id = await world.group(owner);
      await world.database.query('update users set banned_at = now() where id = $1', [banned.userId]);
      const add = (ids: unknown) => owner.call('POST', `/conversations/${id}/participants`, { user_ids: ids });
      expect((await add([newId()])).body.error.code).toBe('USER_NOT_FOUND');
      expect((await add([banned.userId])).body.error.code).toBe('USER_NOT_FOUND');
      expect((await add([])).body.error.code).toBe('VALIDATION_ERROR');
      expect((await add(Array.from({ length: 257 }, newId))).body.error.code).toBe('VALIDATION_ERROR');
      // A user who already participates is unaffected, even if named several times.
      expect((await add([owner.userId, owner.userId])).status).toBe(201);
      expect(await rolesOf(id)).toEqual({ [owner.userId]: 'owner' });
    });

    it('is refused above 5,000 participants', async () => {
      const [owner, last, oneMore] = await world.users(3);
      const id = await world.group(owner);
      await world.database.query(
        `with u as (insert into users (id, username, display_name)
                    select gen_random_uuid(), 'crowd' || n, 'crowd' from generate_series(1, 4998) n returning id)
         insert into participants (conversation_id, user_id, joined_seq) select $1, id, 1 from u`,
        [id],
      );
      await participants.add(owner, id, { user_ids: [last.userId] });
      const answer = await owner.call('POST', `/conversations/${id}/participants`, {
        user_ids: [oneMore.userId],
      });
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'TOO_MANY_PARTICIPANTS' } } });
    });
  });

  describe('an invitation', () => {
    const invite = (actor: User, id: string, users: User[], more: object = {}) =>
      actor.call('POST', `/conversations/${id}/invitations`, { user_ids: users.map(({ userId }) => userId), ...more });
    const own = async (user: User) => (await user.call('GET', '/invitations')).body.data;
    const answer = (user: User, invitationId: string, what: 'accept' | 'decline') =>
      user.call('POST', `/invitations/${invitationId}/${what}`);

    it('shows the summary and nothing that is said, until the user accepts and takes part', async () => {
      const [owner, guest] = await world.users(2);
      const id = await world.group(owner, [], { title: 'Plans' });
      await owner.call('POST', `/conversations/${id}/messages`, { content: 'a secret' });
      const device = await guest.webSocket();
      const { status, body } = await invite(owner, id, [guest]);
      const invitation = {
        user_id: guest.userId,
        invited_by: owner.userId,
        conversation: { id, title: 'Plans', participant_count: 1 },
      };
      expect([status, body.data]).toMatchObject([201, [invitation]]);
      expect((await device.first('invitation.created')).data).toMatchObject({ invitation });
      expect(await own(guest)).toMatchObject([invitation]);
      expect((await owner.call('GET', `/conversations/${id}/invitations`)).body.data).toMatchObject([invitation]);
      for (const path of ['', '/messages', '/participants', '/events?after_seq=0', '/pins'])
        expect((await guest.call('GET', `/conversations/${id}${path}`)).status).toBe(403);
      expect((await guest.call('POST', `/conversations/${id}/messages`, { content: 'hello' })).status).toBe(403);
      await owner.call('POST', `/conversations/${id}/messages`, { content: 'another secret' });
      expect((await answer(owner, body.data[0].id, 'accept')).status).toBe(404);
      expect((await answer(guest, body.data[0].id, 'accept')).status).toBe(204);
      const ended = { invitation_id: body.data[0].id, conversation_id: id, outcome: 'accepted' };
      expect((await device.first('invitation.ended')).data).toEqual(ended);
      expect(device.frames.filter(({ type }) => type === 'message.created')).toEqual([]);
      device.close();
      expect((await guest.call('POST', `/conversations/${id}/messages`, { content: 'hello' })).status).toBe(201);
      expect([await own(guest), (await answer(guest, body.data[0].id, 'accept')).status]).toEqual([[], 404]);
    });

    it('ends when it is declined, withdrawn or expired, and can then be repeated', async () => {
      const [owner, guest] = await world.users(2);
      const id = await world.group(owner);
      const end: Record<string, (invitationId: string) => Promise<unknown>> = {
        declined: (invitationId) => answer(guest, invitationId, 'decline'),
        withdrawn: () => owner.call('DELETE', `/conversations/${id}/invitations/${guest.userId}`),
        expired: (invitationId) =>
          world.database.query('update invitations set expires_at = now() where id = $1', [invitationId]),
      };
      for (const how of Object.keys(end)) {
        const { body } = await invite(owner, id, [guest]);
        const again = await invite(owner, id, [guest]);
        expect(again.body.data).toEqual(body.data);
        await end[how]!(body.data[0].id);
        expect(await own(guest)).toEqual([]);
        expect((await answer(guest, body.data[0].id, 'accept')).status).toBe(404);
      }
      const outcomes = (await events(guest.userId)).map(({ type, payload }) => payload?.outcome ?? type);
      const created = 'invitation.created';
      expect(outcomes).toEqual([created, 'declined', created, 'withdrawn', created]);
    });

    it('is refused as adding the user is, and does not admit a user who was banned since', async () => {
      const [owner, plain, guest, enemy] = await world.users(4);
      const id = await world.group(owner, [plain]);
      await enemy.call('PUT', `/users/${owner.userId}/block`);
      expect((await invite(plain, id, [guest])).status).toBe(403);
      expect((await plain.call('GET', `/conversations/${id}/invitations`)).status).toBe(403);
      expect((await invite(owner, id, [enemy])).status).toBe(403);
      expect((await invite(owner, id, [])).status).toBe(400);
      expect((await invite(owner, id, [guest], { expires_at: '2026-01-01T00:00:00Z' })).status).toBe(400);
      expect((await owner.call('POST', `/conversations/${id}/invitations`, { user_ids: [newId()] })).status).toBe(404);
      expect((await invite(owner, id, [plain])).body.data).toEqual([]);
      const { body } = await invite(owner, id, [guest]);
      await owner.call('POST', `/conversations/${id}/bans`, { user_id: guest.userId });
      expect((await answer(guest, body.data[0].id, 'accept')).status).toBe(403);
      expect(await rolesOf(id)).not.toHaveProperty(guest.userId);
    });

    it('is the only way to a user who requires it, except for direct conversations', async () => {
      const [owner, guest] = await world.users(2);
      const id = await world.group(owner);
      await guest.call('PUT', '/invitations/settings', { requires_invitation: true });
      const add = () => owner.call('POST', `/conversations/${id}/participants`, { user_ids: [guest.userId] });
      expect((await add()).body.error.code).toBe('INVITATION_REQUIRED');
      const group = { type: 'group', title: 'Another', participant_ids: [guest.userId] };
      expect((await owner.call('POST', '/conversations', group)).body.error.code).toBe('INVITATION_REQUIRED');
      const direct = { type: 'direct', participant_ids: [guest.userId] };
      expect((await owner.call('POST', '/conversations', direct)).status).toBe(201);
      const { body } = await invite(owner, id, [guest]);
      expect((await answer(guest, body.data[0].id, 'accept')).status).toBe(204);
      await guest.call('POST', `/conversations/${id}/leave`);
      await guest.call('PUT', '/invitations/settings', { requires_invitation: false });
      expect((await guest.call('GET', '/invitations/settings')).body).toEqual({ requires_invitation: false });
      expect((await add()).status).toBe(201);
    });
  });

  describe('an invite link', () => {
    const create = (actor: User, id: string, link: object = {}) =>
      actor.call('POST', `/conversations/${id}/invite-links`, link);
    const join = (user: User, code: string) => user.call('POST', '/invite-links/join', { code });

    it('admits as many users as it has uses, also of those who use it at once, until it is revoked', async () => {
      const [owner, ...users] = await world.users(6);
      const id = await world.group(owner, [], { type: 'room', title: 'Hall', settings: { is_private: true } });
      const { status, body: link } = await create(owner, id, { max_uses: 3 });
      expect([status, link]).toMatchObject([201, { role: 'participant', max_uses: 3, use_count: 0 }]);
      const stored = await world.database.query('select * from invite_links where id = $1', [link.id]);
      expect(JSON.stringify(stored)).not.toContain(link.code);
      const statuses = (await Promise.all(users.map((user) => join(user, link.code)))).map((answer) => answer.status);
      expect(statuses.sort()).toEqual([200, 200, 200, 404, 404]);
      expect(Object.keys(await rolesOf(id))).toHaveLength(4);
      expect((await owner.call('GET', `/conversations/${id}/invite-links`)).body.data).toEqual([]);

      const [late] = await world.users(1);
      const { body: open } = await create(owner, id, { role: 'moderator' });
      expect((await join(late, open.code)).body).toEqual({ conversation_id: id });
      expect((await join(late, open.code)).status).toBe(200);
      const { body: listed } = await owner.call('GET', `/conversations/${id}/invite-links`);
      const { code: _secret, ...shown } = open;
      expect(listed.data).toEqual([{ ...shown, use_count: 1 }]);
      expect(await rolesOf(id)).toMatchObject({ [late.userId]: 'moderator' });
      await owner.call('DELETE', `/conversations/${id}/invite-links/${open.id}`);
      expect((await join((await world.users(1))[0], open.code)).status).toBe(404);
    });

    it('admits no user after its end, and none who is banned; only moderators create one', async () => {
      const [owner, moderator, plain, guest] = await world.users(4);
      const id = await world.group(owner, [[moderator, 'moderator'], plain], { settings: { allow_invites: true } });
      expect((await create(plain, id)).status).toBe(403);
      expect((await create(moderator, id, { role: 'moderator' })).status).toBe(403);
      expect((await create(owner, id, { expires_at: '2026-01-01T00:00:00Z' })).status).toBe(400);
      const { body } = await create(moderator, id, { expires_at: new Date(Date.now() + 3_600_000).toISOString() });
      await owner.call('POST', `/conversations/${id}/bans`, { user_id: guest.userId });
      expect((await join(guest, body.code)).status).toBe(403);
      await owner.call('DELETE', `/conversations/${id}/bans/${guest.userId}`);
      await world.database.query('update invite_links set expires_at = now() where id = $1', [body.id]);
      expect((await join(guest, body.code)).body.error.code).toBe('INVITE_LINK_NOT_FOUND');
      expect((await join(guest, 'of no link')).status).toBe(404);
    });
  });

  describe('a join request', () => {
    it('shows the summary of a private room that accepts it, and admits the user above the floor of the room', async () => {
      const [owner, moderator, asker] = await world.users(3);
      const slug = `hall-${newId()}`;
      const id = await world.group(owner, [[moderator, 'moderator']], {
        type: 'room',
        title: 'Hall',
        slug,
        settings: { is_private: true, system_messages: true, history_visibility: 'since_join' },
      });
      await owner.call('POST', `/conversations/${id}/messages`, { content: 'a secret' });
      const ask = (name: string) => asker.call('POST', `/conversations/${name}/join-requests`, { message: 'May I?' });
      expect([(await ask(slug)).status, (await ask(id)).status]).toEqual([404, 403]);
      await owner.call('PATCH', `/conversations/${id}`, { settings: { join_requests: true } });
      const [own, deciding] = [await asker.webSocket(), await moderator.webSocket()];
      const { status, body: request } = await ask(slug);
      const shown = { user_id: asker.userId, message: 'May I?', conversation: { id, title: 'Hall' } };
      expect([status, request]).toMatchObject([201, shown]);
      expect((await own.first('join_request.created')).data).toEqual({ join_request: request });
      expect((await deciding.first('join_request.received')).data).toEqual({ join_request: request });
      expect((await asker.call('GET', '/join-requests')).body.data).toEqual([request]);
      expect((await moderator.call('GET', `/conversations/${id}/join-requests`)).body.data).toEqual([request]);
      for (const path of ['', '/messages', '/participants', '/events?after_seq=0', '/join-requests'])
        expect((await asker.call('GET', `/conversations/${id}${path}`)).status).toBe(403);
      expect((await moderator.call('POST', `/join-requests/${request.id}/approve`)).status).toBe(204);
      const ended = { join_request_id: request.id, conversation_id: id, outcome: 'approved' };
      expect(await own.first('join_request.ended')).toMatchObject({ actor_id: null, data: ended });
      expect(await deciding.first('join_request.closed')).toMatchObject({ actor_id: moderator.userId, data: ended });
      await own.first('conversation.added');
      own.close();
      deciding.close();
      await owner.call('POST', `/conversations/${id}/messages`, { content: 'Welcome' });
      const { data } = (await asker.call('GET', `/conversations/${id}/messages`)).body;
      expect(data.map(({ content, metadata }: { content: string; metadata: object }) => [content, metadata])).toEqual([
        ['Welcome', {}],
        ['', { action: 'participant.added', ids: [asker.userId] }],
      ]);
    });

    it('shows a moderator who was removed since nothing of those who ask, in a replay either', async () => {
      const [owner, moderator, asker] = await world.users(3);
      const settings = { join_requests: true };
      const id = await world.group(owner, [[moderator, 'moderator']], { settings });
      const device = await moderator.webSocket();
      const cursor = (await device.first('ready')).data!.cursor as string;
      device.close();
      await asker.call('POST', `/conversations/${id}/join-requests`, { message: 'a private matter' });
      await owner.call('DELETE', `/conversations/${id}/participants/${moderator.userId}`);
      const resumed = await moderator.webSocket(cursor);
      await resumed.first('conversation.removed');
      expect(JSON.stringify(resumed.frames)).not.toContain('a private matter');
      resumed.close();
    });
  });

  describe('a ban by a moderator', () => {
    const ban = (actor: User, id: string, { userId }: User, more: object = {}) =>
      actor.call('POST', `/conversations/${id}/bans`, { user_id: userId, ...more });
    const bansOf = async (actor: User, id: string) => (await actor.call('GET', `/conversations/${id}/bans`)).body.data;

    it('removes the participant, is announced to them and the others, and is listed until it is ended', async () => {
      const [owner, moderator, mallory] = await world.users(3);
      const id = await world.group(owner, [[moderator, 'moderator'], mallory], { type: 'room', title: 'Hall' });
      const devices = [await owner.webSocket(), await mallory.webSocket()];
      const until = new Date(Date.now() + 3_600_000).toISOString();
      const answer = await ban(moderator, id, mallory, { reason: 'Spam', until });
      const listed = { user_id: mallory.userId, reason: 'Spam', banned_by: moderator.userId, until };
      expect(answer).toMatchObject({ status: 201, body: listed });
      for (const device of devices) {
        expect((await device.first('participant.banned')).data).toEqual({ user_id: mallory.userId, until });
        device.close();
      }
      expect(await bansOf(owner, id)).toMatchObject([listed]);
      for (const actor of [mallory, owner]) {
        const path = `/conversations/${id}/participants`;
        expect((await actor.call('POST', path, { user_ids: [mallory.userId] })).status).toBe(403);
      }
      expect((await mallory.call('POST', `/conversations/${id}/join`)).status).toBe(403);
      const end = () => moderator.call('DELETE', `/conversations/${id}/bans/${mallory.userId}`);
      expect([(await end()).status, (await end()).status]).toEqual([204, 204]);
      expect(await bansOf(owner, id)).toEqual([]);
      expect((await mallory.call('POST', `/conversations/${id}/join`)).status).toBe(200);
      expect((await events(id)).map(({ type }) => type).slice(-4)).toEqual([
        'participant.banned',
        'participant.left',
        'participant.unbanned',
        'participant.joined',
      ]);
    });

    it('keeps out a user who has never taken part, and ends by itself', async () => {
      const [owner, stranger] = await world.users(2);
      const id = await world.group(owner, [], { type: 'room', title: 'Hall' });
      const until = new Date(Date.now() + 3_600_000).toISOString();
      expect((await ban(owner, id, stranger, { until })).status).toBe(201);
      expect((await stranger.call('POST', `/conversations/${id}/join`)).status).toBe(403);
      await world.database.query('update conversation_bans set banned_until = now() where user_id = $1', [
        stranger.userId,
      ]);
      expect(await bansOf(owner, id)).toEqual([]);
      expect((await stranger.call('POST', `/conversations/${id}/join`)).status).toBe(200);
    });

    it('requires a higher rank than that of the user, by all their roles', async () => {
      const [owner, moderator, peer, plain, systemAdmin] = [
        ...(await world.users(4)),
        await world.user({ role: 'admin' }),
      ];
      const id = await world.group(owner, [[moderator!, 'moderator'], [peer!, 'moderator'], plain!]);
      const status = async (actor: User, user: User) => (await ban(actor, id, user)).status;
      for (const user of [owner, peer, moderator, systemAdmin]) expect(await status(moderator!, user!)).toBe(403);
      expect(await status(plain!, peer!)).toBe(403);
      expect((await plain!.call('GET', `/conversations/${id}/bans`)).status).toBe(403);
      expect((await ban(owner!, newId(), plain!)).status).toBe(404);
      expect((await owner!.call('POST', `/conversations/${id}/bans`, { user_id: newId() })).status).toBe(404);
      expect((await ban(owner!, id, plain!, { until: '2026-01-01T00:00:00Z' })).status).toBe(400);
      expect(await status(moderator!, plain!)).toBe(201);
      const direct = await world.group(plain!, [peer!], { type: 'direct' });
      expect(await ban(plain!, direct, peer!)).toMatchObject({ status: 409 });
      expect(await ban(owner!, direct, peer!)).toMatchObject({ status: 403 });
    });

    it('is followed by the deletion of what the user has written since a time, and of nothing else', async () => {
      const [owner, moderator, mallory] = await world.users(3);
      const id = await world.group(owner, [[moderator, 'moderator'], mallory]);
      const say = async (user: User, content: string): Promise<string> =>
        (await user.call('POST', `/conversations/${id}/messages`, { content })).body.id;
      const kept = [await say(mallory, 'long ago'), await say(owner, 'mine')];
      await world.database.query(`update messages set created_at = created_at - interval '1 day' where id = $1`, [
        kept[0],
      ]);
      const spam: string[] = [];
      for (let i = 0; i < 3; i++) spam.push(await say(mallory, `spam ${i}`));
      await ban(owner, id, mallory);
      const device = await owner.webSocket();
      const since = new Date(Date.now() - 3_600_000).toISOString();
      const purge = (actor: User, user: User) =>
        actor.call('DELETE', `/conversations/${id}/participants/${user.userId}/messages?since=${since}`);
      expect((await purge(moderator, owner)).status).toBe(403);
      expect((await purge(mallory, mallory)).status).toBe(403);
      expect((await purge(moderator, mallory)).body).toEqual({ deleted_count: 3, has_more: false });
      for (let i = 0; i < 3; i++)
        expect((await device.next('message.deleted')).data).toMatchObject({
          message: { content: '', is_deleted: true },
        });
      device.close();
      const { body } = await owner.call('GET', `/conversations/${id}/messages`);
      const remaining = body.data.filter((message: { is_deleted: boolean }) => !message.is_deleted);
      expect(remaining.map((message: { id: string }) => message.id).sort()).toEqual(kept.sort());
      expect((await purge(owner, owner)).body).toEqual({ deleted_count: 1, has_more: false });
    });

    it('is listed in pages, the newest first', async () => {
      const [owner, ...others] = await world.users(4);
      const id = await world.group(owner);
      for (const user of others) await ban(owner, id, user);
      const first = await owner.call('GET', `/conversations/${id}/bans?limit=2`);
      const rest = await owner.call('GET', `/conversations/${id}/bans?limit=2&cursor=${first.body.next_cursor}`);
      const ids = [first, rest].flatMap(({ body }) => body.data.map((row: { user_id: string }) => row.user_id));
      expect([ids, rest.body.has_more]).toEqual([others.map(({ userId }) => userId).reverse(), false]);
    });
  });

  describe('a role', () => {
    it('cannot be changed by its own user', async () => {
      const [owner, moderator] = await world.users(2);
      const id = await world.group(owner, [[moderator, 'moderator']]);
      for (const actor of [owner, moderator]) {
        const path = `/conversations/${id}/participants/${actor.userId}`;
        expect((await actor.call('PATCH', path, { role: 'admin' })).status).toBe(403);
      }
    });

    it('is transferred with the ownership, and makes the former owner an admin', async () => {
      const [owner, next] = await world.users(2);
      const id = await world.group(owner, [next]);
      await owner.call('PATCH', `/conversations/${id}/participants/${next.userId}`, { role: 'owner' });
      expect(await rolesOf(id)).toEqual({ [owner.userId]: 'admin', [next.userId]: 'owner' });
    });

    it('allows moderators to mute lower ranks only, who then can neither send nor type', async () => {
      const [owner, moderator, plain] = await world.users(3);
      const id = await world.group(owner, [[moderator, 'moderator'], plain]);
      const mute = (who: User, whom: User) =>
        who.call('PATCH', `/conversations/${id}/participants/${whom.userId}`, { is_muted: true });
      expect((await mute(moderator, owner)).status).toBe(403);
      expect((await mute(plain, moderator)).status).toBe(403);
      expect((await mute(moderator, plain)).body.is_muted).toBe(true);
      expect((await plain.call('POST', `/conversations/${id}/messages`, { content: 'no' })).status).toBe(403);
      expect((await plain.call('POST', `/conversations/${id}/typing`)).status).toBe(403);
      expect((await moderator.call('POST', `/conversations/${id}/typing`)).status).toBe(204);
    });

    it('mutes until a time with a reason, after which the participant may send again and their devices are notified', async () => {
      const [owner, plain] = await world.users(2);
      const id = await world.group(owner, [plain]);
      const device = await plain.webSocket();
      const path = `/conversations/${id}/participants/${plain.userId}`;
      const send = async () => (await plain.call('POST', `/conversations/${id}/messages`, { content: 'hello' })).status;
      const muted_until = new Date(Date.now() + 3_600_000).toISOString();
      const muted = { is_muted: true, muted_until, mute_reason: 'Too loud' };
      expect((await owner.call('PATCH', path, muted)).body).toMatchObject(muted);
      expect((await device.next('participant.updated')).data).toMatchObject({ participant: { muted_until } });
      expect(await send()).toBe(403);
      const { body } = await plain.call('GET', `/conversations/${id}`);
      expect(body.participants.at(-1)).toMatchObject({ user_id: plain.userId, ...muted });
      const ended = new EndedMutesRepository(world.get(Sql));
      const task = new EndMutesTask(ended, world.get(ParticipantChanges), world.get(EventLog));
      await task.run({ isDryRun: false });
      expect(await send()).toBe(403);

      await world.database.query('update participants set muted_until = now() where user_id = $1', [plain.userId]);
      expect(await send()).toBe(201);
      expect((await plain.call('GET', `/conversations/${id}`)).body.own_capabilities).toContain('send_message');
      await task.run({ isDryRun: false });
      await task.run({ isDryRun: false });
      expect((await device.next('participant.updated')).data).toMatchObject({ participant: { is_muted: false } });
      const last = (await events(id)).filter(({ type }) => type === 'participant.updated');
      expect(last.map(({ payload }) => [payload.is_muted, payload.muted_until])).toEqual([
        [true, muted_until],
        [false, null],
      ]);
      device.close();
    });

    it.each([
      ['an end in the past', { is_muted: true, muted_until: '2026-01-01T00:00:00Z' }],
      ['an end without a mute', { muted_until: '2126-01-01T00:00:00Z' }],
      ['a reason with the end of a mute', { is_muted: false, mute_reason: 'No' }],
    ])('cannot be muted with %s', async (_what, mute) => {
      const [owner, plain] = await world.users(2);
      const id = await world.group(owner, [plain]);
      const answer = await owner.call('PATCH', `/conversations/${id}/participants/${plain.userId}`, mute);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'VALIDATION_ERROR' } } });
    });

    it('preserves a mute over leaving and rejoining a room', async () => {
      const [owner, loud] = await world.users(2);
      const room = await world.group(owner, [], { type: 'room', title: 'Hall' });
      await participants.join(loud, room);
      await participants.update(owner, room, loud.userId, { is_muted: true });
      await participants.leave(loud, room);
      await participants.join(loud, room);
      expect((await loud.call('POST', `/conversations/${room}/messages`, { content: 'again' })).status).toBe(403);
    });

    it('allows a system admin to moderate without participating, but not to read', async () => {
      const [owner, plain] = await world.users(2);
      const admin = await world.user({ role: 'admin' });
      const moderator = await world.user({ role: 'moderator' });
      const group = await world.group(owner, [plain]);
      const path = `/conversations/${group}/participants/${plain.userId}`;
      expect((await moderator.call('PATCH', path, { is_muted: true })).status).toBe(403);
      expect((await admin.call('PATCH', path, { is_muted: true })).status).toBe(200);
      expect((await admin.call('GET', `/conversations/${group}`)).status).toBe(403);
      expect((await admin.call('GET', `/conversations/${group}/messages`)).status).toBe(403);
      expect((await admin.call('GET', `/conversations/${group}/participants`)).status).toBe(403);
    });

    it.each([
      ['admin', 'group'],
      ['admin', 'room'],
      ['moderator', 'room'],
    ] as const)(
      'admits a system %s to a private %s only with a reason, which all participants receive',
      async (role, type) => {
        const [owner, plain] = await world.users(2);
        const systemModerator = await world.user({ role });
        const id = await world.group(owner, [plain], { type, settings: { is_private: true } });
        const [device, later] = [await owner.webSocket(), await plain.webSocket()];
        const { data: live } = await later.first('live');
        later.close();
        const enter = (more: object) =>
          systemModerator.call('POST', `/conversations/${id}/participants`, {
            user_ids: [systemModerator.userId],
            ...more,
          });

        for (const more of [{}, { reason: '' }, { reason: ' \u200b ' }]) {
          expect(await enter(more)).toMatchObject({
            status: 403,
            body: { error: { code: 'REASON_REQUIRED', details: { field: 'reason' } } },
          });
        }
        expect(Object.keys(await rolesOf(id))).toHaveLength(2);
        expect((await systemModerator.call('GET', `/conversations/${id}/messages`)).status).toBe(403);

        expect((await enter({ reason: 'Threats <b>were</b> reported' })).status).toBe(201);
        const article = role === 'admin' ? 'An' : 'A';
        const notice = {
          message_type: 'system',
          content: `${article} ${role} of the system joined to moderate: Threats were reported`,
          sender_id: systemModerator.userId,
          sender_name: systemModerator.displayName,
          sequence_number: 1,
          metadata: { action: 'participant.add' },
        };
        const heard = await device.first('message.created');
        expect(heard.data!.message).toMatchObject(notice);
        const again = await plain.webSocket(live!.cursor as string);
        expect((await again.first('message.created')).data!.message).toEqual(heard.data!.message);
        for (const reader of [owner, plain, systemModerator]) {
          const { body } = await reader.call('GET', `/conversations/${id}/messages`);
          expect(body.data).toEqual([heard.data!.message]);
        }
        const unread = async (who: User) => (await who.call('GET', `/conversations/${id}`)).body.unread_count;
        expect([await unread(plain), await unread(systemModerator)]).toEqual([0, 0]);
        const log = await events(id);
        expect(log.map(({ seq }) => Number(seq))).toEqual(log.map((_, i) => i + 1));
        const next = await plain.call('POST', `/conversations/${id}/messages`, { content: 'Thank you' });
        expect(next.body).toMatchObject({ sequence_number: 2, seq: log.length + 1 });

        const acts = await world.database.query('select actor_id, action, reason from audit_log where target_id = $1', [
          id,
        ]);
        expect(acts).toEqual([
          { actor_id: systemModerator.userId, action: 'participant.add', reason: 'Threats were reported' },
        ]);
        device.close();
        again.close();
      },
    );

    it('does not allow the moderator to delete the notice of their entry', async () => {
      const owner = await world.user();
      const admin = await world.user({ role: 'admin' });
      const id = await world.group(owner);
      const entry = { user_ids: [admin.userId], reason: 'A report' };
      await admin.call('POST', `/conversations/${id}/participants`, entry);
      const messages = async () => (await owner.call('GET', `/conversations/${id}/messages`)).body.data;
      const [notice] = await messages();
      for (const [method, path, body] of [
        ['PATCH', `/messages/${notice.id}`, { content: 'nothing' }],
        ['DELETE', `/messages/${notice.id}`],
      ] as const) {
        expect([path, (await admin.call(method, path, body)).body.error?.code]).toEqual([path, 'MESSAGE_NOT_EDITABLE']);
      }
      const takeDown = world.get(ModeratorDelete);
      await expect(takeDown.deleteAsModerator(admin, notice.id, 'No need')).rejects.toMatchObject({
        code: 'MESSAGE_NOT_EDITABLE',
      });
      expect(await messages()).toEqual([notice]);
    });

    it('requires a notice when a system admin adds users to a private conversation, and none in a public room', async () => {
      const [owner, other] = await world.users(2);
      const admin = await world.user({ role: 'admin' });
      const add = async (id: string, who: User) => {
        const body = { user_ids: [who.userId] };
        expect((await admin.call('POST', `/conversations/${id}/participants`, body)).status).toBe(201);
        const { body: page } = await owner.call('GET', `/conversations/${id}/messages`);
        return page.data.map(({ content }: { content: string }) => content);
      };
      const closed = await world.group(owner);
      expect(await add(closed, other)).toEqual(['An admin of the system added participants.']);
      const open = await world.group(owner, [], { type: 'room' });
      expect(await add(open, admin)).toEqual([]);
    });

    it('is checked under the lock: a demoted system admin is refused', async () => {
      const [owner, plain] = await world.users(2);
      const admin = await world.user({ role: 'admin' });
      const id = await world.group(owner, [plain]);
      await world.database.query(`update users set role = 'user' where id = $1`, [admin.userId]);
      await expect(participants.remove(admin, id, plain.userId)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    });
  });

  describe('leaving and removal', () => {
    it('transfers the ownership to the highest and longest-standing participant', async () => {
      const [owner, first, admin, second] = await world.users(4);
      const id = await world.group(owner, [first, [admin, 'admin'], second]);
      for (const [leaving, successor] of [
        [owner, admin],
        [admin, first],
        [first, second],
      ] as const) {
        expect((await leaving.call('POST', `/conversations/${id}/leave`)).status).toBe(204);
        expect((await rolesOf(id))[successor.userId]).toBe('owner');
      }
      await participants.leave(second, id);
      expect(await rolesOf(id)).toEqual({});
    });

    it('ends the access to everything of the conversation at once', async () => {
      const [owner, removed] = await world.users(2);
      const id = await world.group(owner, [[removed, 'admin']]);
      const message = await owner.call('POST', `/conversations/${id}/messages`, { content: 'before' });
      expect((await owner.call('DELETE', `/conversations/${id}/participants/${removed.userId}`)).status).toBe(204);
      const calls: [string, string, object?][] = [
        ['GET', ''],
        ['PATCH', '', { title: 'mine' }],
        ['DELETE', ''],
        ['GET', '/participants'],
        ['POST', '/participants', { user_ids: [removed.userId] }],
        ['PATCH', `/participants/${owner.userId}`, { role: 'participant' }],
        ['DELETE', `/participants/${owner.userId}`],
        ['GET', '/messages'],
        ['POST', '/messages', { content: 'after' }],
        ['POST', '/read', { message_id: message.body.id }],
        ['POST', '/typing'],
        ['PATCH', '/me', { is_pinned: true }],
        ['POST', '/leave'],
        ['POST', '/join'],
      ];
      for (const [method, path, body] of calls) {
        const answer = await removed.call(method, `/conversations/${id}${path}`, body);
        expect([method, path, answer.status, answer.body?.error.code]).toEqual([
          method,
          path,
          403,
          'PERMISSION_DENIED',
        ]);
      }
      const { body } = await removed.call('GET', '/conversations');
      expect(body.data).toEqual([]);
      expect((await events(removed.userId)).at(-1)).toMatchObject({ type: 'conversation.removed', subject_id: id });
    });

    it('records where a returning participant had left', async () => {
      const [owner, friend] = await world.users(2);
      const room = await world.group(owner, [], { type: 'room', title: 'Door' });
      await participants.join(friend, room);
      await participants.leave(friend, room);
      await participants.join(friend, room);
      const [, , left, again] = await events(room);
      expect(left).toMatchObject({ type: 'participant.left', payload: { reason: 'left' } });
      expect(again).toMatchObject({ type: 'participant.joined', payload: { prev: Number(left!.seq) } });
    });

    it('gives an empty room back to its returning creator, and to no other user', async () => {
      const [owner, stranger] = await world.users(2);
      const room = await world.group(owner, [], { type: 'room', title: 'Empty' });
      await participants.leave(owner, room);
      await participants.join(stranger, room);
      expect(await rolesOf(room)).toEqual({ [stranger.userId]: 'participant' });
      await participants.leave(stranger, room);
      await participants.join(owner, room);
      expect(await rolesOf(room)).toEqual({ [owner.userId]: 'owner' });
    });

    it('leaves exactly one owner after simultaneous requests on two nodes', async () => {
      const other = await startTestApp({ DATABASE_URL: world.database.url });
      const nodes = [participants, other.app.get(ParticipantsService, { strict: false })];
      const node = (i: number): ParticipantsService => nodes[i % 2]!;
      for (let cycle = 0; cycle < 3; cycle++) {
        const users = await world.users(50);
        const [owner, ...rest] = users;
        const id = await world.group(
          owner,
          rest.map((actor): [User, ParticipantRole] => [actor, 'participant']),
        );
        const admin = await world.user({ role: 'admin' });
        const stays = users.slice(40);
        const outcomes = await Promise.allSettled([
          ...users.slice(0, 40).map((actor, i) => node(i).leave(actor, id)),
          ...users.map((actor, i) => node(i + 1).update(actor, id, users[(i + 7) % 50]!.userId, { role: 'owner' })),
          ...users.map((target, i) => node(i).update(admin, id, target.userId, { role: 'participant' })),
        ]);
        const defects = outcomes.filter(
          (outcome) => outcome.status === 'rejected' && (outcome.reason as { status?: number }).status === undefined,
        );
        expect(defects).toEqual([]);
        const roles = await rolesOf(id);
        expect(Object.keys(roles).sort()).toEqual(stays.map(({ userId }) => userId).sort());
        expect(Object.values(roles).filter((role) => role === 'owner')).toHaveLength(1);
        const [{ gaps }] = (await world.database.query(
          'select max(seq) - count(*) as gaps from events where stream_id = $1',
          [id],
        )) as [{ gaps: string }];
        expect(Number(gaps)).toBe(0);
      }
      await other.close();
    });
  });

  describe('GET /conversations/:id/participants', () => {
    it('lists owner, admins, moderators and the rest, in pages, without private data', async () => {
      const users = await world.users(5);
      const id = await world.group(users[0]!, [users[1]!, [users[2]!, 'moderator'], [users[3]!, 'admin'], users[4]!]);
      const seen: { role: string }[] = [];
      let cursor = '';
      do {
        const { body } = await users[4]!.call('GET', `/conversations/${id}/participants?limit=2${cursor}`);
        seen.push(...body.data);
        cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
      } while (cursor);
      expect(seen.map(({ role }) => role)).toEqual(['owner', 'admin', 'moderator', 'participant', 'participant']);
      expect(Object.keys(seen[0]!).sort()).toEqual([
        'avatar_url', 'display_name', 'is_banned', 'is_muted', 'joined_at', 'last_delivered_number', 'last_read_number', 'mute_reason', 'muted_until', 'role', 'user_id', 'username',
      ]); // prettier-ignore
      const forged = Buffer.from('["x"]').toString('base64url');
      expect((await users[0]!.call('GET', `/conversations/${id}/participants?cursor=${forged}`)).status).toBe(400);
    });

    it('returns whether each account is banned now, like the conversation and events', async () => {
      const [owner, banned, forgiven] = await world.users(3);
      const id = await world.group(owner, [banned, forgiven]);
      const until = (user: User, time: string) =>
        world.database.query(`update users set banned_at = now() - interval '1 day', banned_until = $2 where id = $1`, [
          user.userId,
          time,
        ]);
      await until(banned, 'infinity');
      await until(forgiven, '2020-01-01');
      const bannedIn = (rows: { user_id: string; is_banned: boolean }[]) =>
        Object.fromEntries(rows.map((row) => [row.user_id, row.is_banned]));
      const expected = { [owner.userId]: false, [banned.userId]: true, [forgiven.userId]: false };
      const page = await owner.call('GET', `/conversations/${id}/participants`);
      expect(bannedIn(page.body.data)).toEqual(expected);
      const conversation = await owner.call('GET', `/conversations/${id}`);
      expect(bannedIn(conversation.body.participants)).toEqual(expected);
      const muted = await owner.call('PATCH', `/conversations/${id}/participants/${banned.userId}`, {
        is_muted: true,
      });
      expect(muted.body).toMatchObject({ is_muted: true, is_banned: true });
    });
  });
});
