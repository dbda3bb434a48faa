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
});
