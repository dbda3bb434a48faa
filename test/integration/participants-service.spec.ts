import { ConversationBans } from '../../src/modules/participants/bans/conversation-bans.service.js';
import { InvitationsService } from '../../src/modules/participants/invitations/invitations.service.js';
import { InviteLinksService } from '../../src/modules/participants/invitations/invite-links.service.js';
import { EndJoinRequestsTask } from '../../src/modules/participants/join-requests/end-join-requests-task.js';
import { JoinRequestsService } from '../../src/modules/participants/join-requests/join-requests.service.js';
import { LeaveAllConversations } from '../../src/modules/participants/leave-all-conversations.service.js';
import { PARTICIPANT_ROLES, type ParticipantRole } from '../../src/modules/participants/participant-roles.js';
import { ParticipantsModule } from '../../src/modules/participants/participants.module.js';
import { ParticipantsService } from '../../src/modules/participants/participants.service.js';
import { ParticipantsWorkerModule } from '../../src/modules/participants/participants.worker.module.js';
import { ReceiptsProcessor } from '../../src/modules/participants/receipts.processor.js';
import { ReplaceBannedOwnersTask } from '../../src/modules/participants/replace-banned-owners-task.js';
import { SystemMessages } from '../../src/modules/participants/system-messages.port.js';
import { UserAdministration } from '../../src/modules/users/user-administration.service.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { ServiceWorld } from '../support/service-world.js';

const LOWER_ROLES = ['admin', 'moderator', 'participant'] as const;

describe('ParticipantsService', () => {
  let world: ServiceWorld;
  let participants: ParticipantsService;

  beforeAll(async () => {
    world = await ServiceWorld.start({
      modules: [ParticipantsModule, ParticipantsWorkerModule],
      doubles: [[SystemMessages, { append: () => Promise.resolve() }]],
      idle: [ReceiptsProcessor],
    });
    participants = world.get(ParticipantsService);
  });
  afterAll(() => world.stop());

  /** What was announced on a stream: the type, the subject, and the new role or the reason. */
  const announced = (streamId: string): unknown[] =>
    world
      .announced(streamId)
      .map(({ type, subjectId, payload }) => [type, subjectId, payload!.role ?? payload!.reason]);

  async function rolesIn(id: string): Promise<Record<string, string>> {
    const rows = await world.database.query<{ user_id: string; role: string }>(
      'select user_id, role from participants where conversation_id = $1 and left_seq is null',
      [id],
    );
    return Object.fromEntries(rows.map((row) => [row.user_id, row.role]));
  }

  /** A group with an actor and a target of these roles. */
  async function groupWith(actorRole: ParticipantRole, targetRole: ParticipantRole) {
    const [owner, one, two] = await world.actors('owner', 'one', 'two');
    const members = [[one, actorRole] as const, [two, targetRole] as const].filter(([, role]) => role !== 'owner');
    const id = await world.conversation(owner, members);
    const [actor, target] = [actorRole === 'owner' ? owner : one, targetRole === 'owner' ? owner : two];
    return { actor, id, userId: target.userId };
  }

  type Group = Awaited<ReturnType<typeof groupWith>>;

  /** The roles with which a change is allowed. One that is denied changes and announces nothing. */
  async function allowed<Role extends ParticipantRole>(
    roles: readonly Role[],
    setting: (role: Role) => [actorRole: ParticipantRole, targetRole: ParticipantRole],
    change: (group: Group, role: Role) => Promise<unknown>,
  ): Promise<Role[]> {
    const found: Role[] = [];
    for (const role of roles) {
      const group = await groupWith(...setting(role));
      const before = await rolesIn(group.id);
      const error = await change(group, role).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const after = await rolesIn(group.id);
      if (error) {
        expect(error).toMatchObject({ code: 'PERMISSION_DENIED' });
        expect([after, announced(group.id)]).toEqual([before, []]);
      } else {
        expect(after).not.toEqual(before);
        found.push(role);
      }
      expect(Object.values(after).filter((one) => one === 'owner')).toHaveLength(1);
    }
    return found;
  }

  it.each([
    ['owner', ['admin', 'moderator', 'participant']],
    ['admin', ['admin', 'moderator', 'participant']],
    ['moderator', ['participant']],
    ['participant', []],
  ] as const)('allows a(n) %s to add users as %j only', async (actorRole, roles) => {
    const { userId } = await world.actor('newcomer');
    const add = ({ actor, id }: Group, role: (typeof LOWER_ROLES)[number]) =>
      participants.add(actor, id, { user_ids: [userId], role });
    expect(await allowed(LOWER_ROLES, () => [actorRole, 'participant'], add)).toEqual(roles);
  });

  it.each([
    ['owner', 'admin', ['owner', 'moderator', 'participant']],
    ['owner', 'moderator', ['owner', 'admin', 'participant']],
    ['owner', 'participant', ['owner', 'admin', 'moderator']],
    ['admin', 'admin', []],
    ['admin', 'moderator', ['admin', 'participant']],
    ['admin', 'participant', ['admin', 'moderator']],
    ['moderator', 'participant', []],
    ['participant', 'participant', []],
  ] as const)('allows a(n) %s to change the role %s into %j only', async (actorRole, from, into) => {
    const others = PARTICIPANT_ROLES.filter((role) => role !== from);
    const update = ({ actor, id, userId }: Group, role: ParticipantRole) =>
      participants.update(actor, id, userId, { role });
    expect(await allowed(others, () => [actorRole, from], update)).toEqual(into);
  });

  it.each([
    ['owner', ['admin', 'moderator', 'participant']],
    ['admin', ['moderator', 'participant']],
    ['moderator', ['participant']],
    ['participant', []],
  ] as const)('allows a(n) %s to remove only %j', async (actorRole, roles) => {
    const targets = actorRole === 'owner' ? LOWER_ROLES : PARTICIPANT_ROLES;
    const remove = ({ actor, id, userId }: Group) => participants.remove(actor, id, userId);
    expect(await allowed<ParticipantRole>(targets, (role) => [actorRole, role], remove)).toEqual(roles);
  });

  it('announces a new participant to the conversation, and the conversation to the new participant alone', async () => {
    const [owner, other, friend] = await world.actors('owner', 'other', 'friend');
    const id = await world.conversation(owner, [other]);
    await participants.add(owner, id, { user_ids: [other.userId, friend.userId] });
    expect(announced(id)).toEqual([['participant.joined', friend.userId, 'participant']]);
    const added = { type: 'conversation.added', subjectId: id, payload: { since_seq: world.announced(id)[0]!.seq } };
    expect(world.announced(friend.userId)).toMatchObject([added]);
    expect([...announced(owner.userId), ...announced(other.userId)]).toEqual([]);
  });

  it('announces a departure and the new owner to the conversation, and the end to the former owner alone', async () => {
    const [owner, first, admin] = await world.actors('owner', 'first', 'admin');
    const id = await world.conversation(owner, [first, [admin, 'admin']]);
    await participants.leave(owner, id);
    expect(announced(id)).toEqual([
      ['participant.left', owner.userId, 'left'],
      ['participant.updated', admin.userId, 'owner'],
    ]);
    expect(announced(owner.userId)).toEqual([['conversation.removed', id, 'left']]);
    expect([...announced(first.userId), ...announced(admin.userId)]).toEqual([]);
  });

  it('passes the ownership to a user who is not banned, and to one who is only if there is no other', async () => {
    const [owner, banned, next] = await world.actors('owner', 'banned', 'next');
    const id = await world.conversation(owner, [[banned, 'admin'], next]);
    await world.database.query('update users set banned_at = now() where id = $1', [banned.userId]);
    await participants.leave(owner, id);
    expect(await rolesIn(id)).toEqual({ [banned.userId]: 'admin', [next.userId]: 'owner' });
    await participants.leave(next, id);
    expect(await rolesIn(id)).toEqual({ [banned.userId]: 'owner' });
  });

  it('transfers the ownership of a banned owner once, to an earlier participant who is not banned', async () => {
    const [owner, banned, next, late] = await world.actors('owner', 'banned', 'next', 'late');
    const moderator = await world.actor('moderator', { role: 'moderator' });
    const group = await world.conversation(owner, [[banned, 'admin'], next]);
    const lonely = await world.conversation(owner, [[banned, 'admin']]);
    const room = await world.conversation(owner, [], 'room');
    const ban = ({ userId }: Actor) =>
      world.get(UserAdministration).ban(moderator, userId, { reason: 'because of a test', until: null });
    const transfer = () => world.get(ReplaceBannedOwnersTask).run({ isDryRun: false });
    await ban(banned);
    expect(await transfer()).toEqual({ conversations: 0 });
    await ban(owner);
    await participants.join(late, room);
    await Promise.all([transfer(), transfer()]); // as when two workers run it at once
    expect(await transfer()).toEqual({ conversations: 0 });
    expect(await rolesIn(group)).toMatchObject({ [owner.userId]: 'admin', [next.userId]: 'owner' });
    expect(await rolesIn(lonely)).toEqual({ [owner.userId]: 'owner', [banned.userId]: 'admin' });
    expect(await rolesIn(room)).toEqual({ [owner.userId]: 'owner', [late.userId]: 'participant' });
    expect(announced(group)).toEqual([
      ['participant.updated', owner.userId, 'admin'],
      ['participant.updated', next.userId, 'owner'],
    ]);
  });

  describe('a join request', () => {
    const settings = (id: string, value: object) =>
      world.database.query('update conversations set settings = $2 where id = $1', [id, JSON.stringify(value)]);
    const accepting = async (owner: Actor, others: Parameters<ServiceWorld['conversation']>[1] = []) => {
      const id = await world.conversation(owner, others, 'room');
      await settings(id, { is_private: true, join_requests: true });
      return id;
    };
    const requests = () => world.get(JoinRequestsService);
    const ask = (actor: Actor, id: string, message?: string) => requests().ask(actor, id, { message });
    const codeOf = (call: Promise<unknown>): Promise<string> =>
      call.then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
    const heard = ({ userId }: Actor): string[] =>
      world.announced(userId).map(({ type, payload }) => (payload?.outcome as string | undefined) ?? type);

    it('is open once for each user and conversation, and only where requests are accepted', async () => {
      const [owner, asker] = await world.actors('owner', 'asker');
      const id = await accepting(owner);
      const first = await ask(asker, id, ' May I? ');
      expect(first).toMatchObject({ user_id: asker.userId, message: 'May I?', conversation: { id } });
      expect(await Promise.all([ask(asker, id), ask(asker, id, 'Please')])).toEqual([first, first]);
      expect(heard(owner)).toEqual(['join_request.received']);
      expect(await codeOf(ask(owner, id))).toBe('JOIN_REQUEST_NOT_NEEDED');
      await settings(id, { is_private: false, join_requests: true });
      expect(await codeOf(ask(asker, id))).toBe('JOIN_REQUEST_NOT_NEEDED');
      await settings(id, { is_private: true });
      expect(await codeOf(ask(asker, id))).toBe('PERMISSION_DENIED');
      expect((await requests().listOwn(asker, {})).data).toEqual([]);
      expect(await codeOf(requests().approve(owner, first.id))).toBe('JOIN_REQUEST_NOT_FOUND');
    });

    it('is seen and decided by participants who may add others, and by no system role alone', async () => {
      const [owner, moderator, plain, asker] = await world.actors('owner', 'moderator', 'plain', 'asker');
      const admin = await world.actor('admin', { role: 'admin' });
      const id = await accepting(owner, [[moderator, 'moderator'], plain]);
      const { id: request } = await ask(asker, id);
      expect([heard(owner), heard(moderator), heard(plain)]).toEqual([
        ['join_request.received'],
        ['join_request.received'],
        [],
      ]);
      for (const actor of [plain, admin, asker]) {
        expect(await codeOf(requests().listOf(actor, id, {}))).toBe('PERMISSION_DENIED');
        expect(await codeOf(requests().approve(actor, request))).toBe('JOIN_REQUEST_NOT_FOUND');
        expect(await codeOf(requests().decline(actor, request))).toBe('JOIN_REQUEST_NOT_FOUND');
      }
      expect(await codeOf(requests().withdraw(owner, request))).toBe('JOIN_REQUEST_NOT_FOUND');
      const { data } = await requests().listOf(moderator, id, {});
      expect(data.map((one) => one.id)).toEqual([request]);
      await settings(id, { is_private: true, join_requests: true, allow_invites: true });
      await requests().decline(plain, request);
      expect(await codeOf(requests().approve(owner, request))).toBe('JOIN_REQUEST_NOT_FOUND');
    });

    it('ends by one decision of two at once, and joining by a link at the same time adds the user once', async () => {
      const [owner, moderator] = await world.actors('owner', 'moderator');
      const id = await accepting(owner, [[moderator, 'moderator']]);
      const { code } = await world.get(InviteLinksService).create(owner, id, {});
      for (let i = 0; i < 6; i++) {
        const asker = await world.actor('asker');
        const { id: request } = await ask(asker, id);
        const others = [
          () => codeOf(requests().approve(moderator, request)),
          () => codeOf(requests().decline(moderator, request)),
          () => codeOf(world.get(InviteLinksService).join(asker, code)),
        ];
        const outcomes = await Promise.all([codeOf(requests().approve(owner, request)), others[i % 3]!()]);
        if (i % 3 === 2) expect(outcomes[1]).toBe('done');
        else expect([...outcomes].sort()).toEqual(['JOIN_REQUEST_NOT_FOUND', 'done']);
        const isAdded = (await rolesIn(id))[asker.userId] === 'participant';
        expect(isAdded).toBe(i % 3 !== 1 || outcomes[0] === 'done');
        expect(heard(asker).filter((type) => type === 'conversation.added')).toHaveLength(isAdded ? 1 : 0);
        expect((await requests().listOf(owner, id, {})).data).toEqual([]);
      }
    });

    it('admits no user who is banned from the conversation or deleted, and ends with a ban', async () => {
      const [owner, asker, gone] = await world.actors('owner', 'asker', 'gone');
      const id = await accepting(owner);
      const bans = world.get(ConversationBans);
      for (const [first, then] of [
        ['approve', 'ban'],
        ['ban', 'approve'],
      ] as const) {
        await bans.unban(owner, id, asker.userId);
        const { id: request } = await ask(asker, id);
        const calls = {
          approve: () => codeOf(requests().approve(owner, request)),
          ban: () => codeOf(bans.ban(owner, id, { user_id: asker.userId })),
        };
        await Promise.all([calls[first](), calls[then]()]);
        expect(await rolesIn(id)).toEqual({ [owner.userId]: 'owner' });
        expect((await requests().listOf(owner, id, {})).data).toEqual([]);
      }
      expect(await codeOf(ask(asker, id))).toBe('PERMISSION_DENIED');
      const { id: request } = await ask(gone, id);
      await world.database.query('update users set deleted_at = now() where id = $1', [gone.userId]);
      expect(await codeOf(requests().approve(owner, request))).toBe('JOIN_REQUEST_NOT_FOUND');
      await world.get(LeaveAllConversations).leaveAll(gone.userId);
      expect(await world.database.query('select from join_requests where user_id = $1', [gone.userId])).toEqual([]);
    });

    it('is the consent of the user, across a block and a required invitation', async () => {
      const [owner, asker] = await world.actors('owner', 'asker');
      const id = await accepting(owner);
      await world.database.query('insert into user_blocks (blocker_id, blocked_id) values ($1, $2)', [
        asker.userId,
        owner.userId,
      ]);
      await world.database.query('insert into invitation_settings (user_id) values ($1)', [asker.userId]);
      expect(await codeOf(participants.add(owner, id, { user_ids: [asker.userId] }))).toBe('PERMISSION_DENIED');
      const { id: request } = await ask(asker, id);
      await requests().approve(owner, request);
      expect(await rolesIn(id)).toMatchObject({ [asker.userId]: 'participant' });
    });

    it('ends at its time and when it is withdrawn, with an event to the user and to the moderators', async () => {
      const [owner, asker] = await world.actors('owner', 'asker');
      const id = await accepting(owner);
      await requests().withdraw(asker, (await ask(asker, id)).id);
      const { id: late } = await ask(asker, id);
      await world.database.query('update join_requests set expires_at = now() where id = $1', [late]);
      expect(await codeOf(requests().approve(owner, late))).toBe('JOIN_REQUEST_NOT_FOUND');
      const end = () => world.get(EndJoinRequestsTask).run({ isDryRun: false });
      expect(await Promise.all([end(), end()])).toContainEqual({ join_requests: 1 });
      expect(heard(asker)).toEqual(['join_request.created', 'withdrawn', 'join_request.created', 'expired']);
      expect(heard(owner)).toEqual(['join_request.received', 'withdrawn', 'join_request.received', 'expired']);
    });

    it('ends, as an invitation does, when the user joins in another way, so that neither readmits a removed user', async () => {
      const [owner, asker] = await world.actors('owner', 'asker');
      const id = await accepting(owner);
      const { id: request } = await ask(asker, id);
      const [invitation] = (await world.get(InvitationsService).invite(owner, id, { user_ids: [asker.userId] })).data;
      await participants.add(owner, id, { user_ids: [asker.userId] });
      await participants.remove(owner, id, asker.userId);
      expect(await codeOf(requests().approve(owner, request))).toBe('JOIN_REQUEST_NOT_FOUND');
      expect(await codeOf(world.get(InvitationsService).accept(asker, invitation!.id))).toBe('INVITATION_NOT_FOUND');
    });

    it('counts against the limit of the user, also when they ask in several conversations at once', async () => {
      const [owner, asker] = await world.actors('owner', 'asker');
      await world.database.query(
        `with room as (
           insert into conversations (id, type) select gen_random_uuid(), 'group' from generate_series(1, 49) returning id)
         insert into join_requests (id, conversation_id, user_id, message, created_at, expires_at)
         select gen_random_uuid(), id, $1, '', now(), now() + interval '1 day' from room`,
        [asker.userId],
      );
      const ids = await Promise.all([1, 2, 3].map(() => accepting(owner)));
      const codes = await Promise.all(ids.map((id) => codeOf(ask(asker, id))));
      expect(codes.sort()).toEqual(['TOO_MANY_JOIN_REQUESTS', 'TOO_MANY_JOIN_REQUESTS', 'done']);
    });
  });
});
