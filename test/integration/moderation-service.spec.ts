import { ContentRulesService } from '../../src/modules/admin/moderation/content-rules.service.js';
import { HeldMessagesRepository } from '../../src/modules/admin/moderation/held-messages.repository.js';
import { HeldMessagesService } from '../../src/modules/admin/moderation/held-messages.service.js';
import { ModerationModule } from '../../src/modules/admin/moderation/moderation.module.js';
import { type ModerationScope, scopeOf } from '../../src/modules/admin/moderation/moderation.policy.js';
import { MessagesService } from '../../src/modules/messages/messages.service.js';
import { ConversationBans } from '../../src/modules/participants/bans/conversation-bans.service.js';
import { ParticipantsService } from '../../src/modules/participants/participants.service.js';
import { BeforeSendModule } from '../../src/modules/webhooks/before-send/before-send.module.js';
import { UserAdministration } from '../../src/modules/users/user-administration.service.js';
import type { AppError } from '../../src/platform/errors/app-error.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { Broadcaster } from '../../src/platform/realtime/fan-out/broadcaster.js';
import type { RecordingBroadcaster } from '../support/doubles/recording-broadcaster.js';
import { ServiceWorld } from '../support/service-world.js';

const DENIED = { code: 'PERMISSION_DENIED' };
const AUDITED = 'select actor_id, action from audit_log where target_id = $1';

describe('the services of moderation', () => {
  let world: ServiceWorld;
  let messages: MessagesService;
  let heldMessages: HeldMessagesService;
  let systemModerator: Actor;
  let owner: Actor;
  let moderator: Actor;
  let member: Actor;
  let id: string;
  let scope: ModerationScope;

  beforeAll(async () => {
    world = await ServiceWorld.start({ modules: [BeforeSendModule, ModerationModule] });
    [messages, heldMessages] = [world.get(MessagesService), world.get(HeldMessagesService)];
    systemModerator = await world.actor('system', { role: 'moderator' });
  });
  afterAll(() => world.stop());

  beforeEach(async () => {
    [owner, moderator, member] = await world.actors('owner', 'moderator', 'member');
    id = await world.conversation(owner, [[moderator, 'moderator'], member], 'room');
    scope = scopeOf(id);
  });

  /** The text of the message as it is sent, or the code of the error that its sender receives. */
  const send = (content: string, to = id): Promise<string> =>
    messages.send(member, to, { content }).then(
      ({ message }) => message.content,
      ({ code }: AppError) => code,
    );
  const createRule = (pattern: string, action: 'mask' | 'hold' | 'reject') =>
    world.get(ContentRulesService).create(owner, scope, { kind: 'word', pattern, action });
  const announced = (streamId = id): string[] => world.announced(streamId).map(({ type }) => type);

  it.each([
    ['mask', 'a ••• thing', ['message.created'], 0],
    ['hold', 'HELD_FOR_REVIEW', [], 1],
    ['reject', 'CONTENT_REJECTED', [], 0],
  ] as const)(
    'answers a message for which a rule has the action %s with "%s"',
    async (action, answer, events, held) => {
      const elsewhere = await world.conversation(owner, [member]);
      expect(await send('a darn thing')).toBe('a darn thing');
      await createRule('darn', action);
      expect(await send('a darn thing')).toBe(answer);
      expect(await send('a darn thing', elsewhere)).toBe('a darn thing');
      expect(announced()).toEqual(['message.created', ...events]);
      expect((await heldMessages.list(owner, scope, {})).data).toHaveLength(held);
    },
  );

  describe('HeldMessagesService', () => {
    beforeEach(() => createRule('wait', 'hold'));

    async function hold(): Promise<string> {
      expect(await send('wait')).toBe('HELD_FOR_REVIEW');
      return (await heldMessages.list(owner, scope, {})).data[0]!.id;
    }

    it('sends and audits a message once, for simultaneous releases by two moderators', async () => {
      for (let cycle = 1; cycle <= 5; cycle++) {
        const heldId = await hold();
        const results = await Promise.allSettled(
          Array.from({ length: 8 }, (_, i) => heldMessages.release(i % 2 ? owner : moderator, scope, heldId)),
        );
        const released = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
        expect(new Set(released.map(({ message_id }) => message_id)).size).toBe(1);
        const audited = await world.database.query(AUDITED, [heldId]);
        expect(audited).toEqual([{ actor_id: released[0]!.decided_by, action: 'held_message.release' }]);
        expect(announced()).toHaveLength(cycle);
      }
    });

    it('sends a message twice if it is released with two keys, as a control', async () => {
      const { send: held } = (await world
        .get(HeldMessagesRepository)
        .find(await hold(), { queue: 'conversation', conversationId: id }))!;
      for (const key of ['one', 'one', 'two']) await messages.release(held, key);
      expect(announced()).toHaveLength(2);
    });

    it('sends or drops a message, never both, for simultaneous decisions of two moderators', async () => {
      let sent = 0;
      for (let cycle = 0; cycle < 10; cycle++) {
        const heldId = await hold();
        const [released, dropped] = await Promise.allSettled([
          heldMessages.release(owner, scope, heldId),
          heldMessages.drop(moderator, scope, heldId),
        ]);
        expect([released.status, dropped.status].sort()).toEqual(['fulfilled', 'rejected']);
        if (released.status === 'fulfilled') sent++;
        expect(announced()).toHaveLength(sent);
      }
    });

    it('refuses decisions of the sender, and of a moderator of the system who is no participant', async () => {
      const heldId = await hold();
      for (const actor of [member, systemModerator]) {
        await expect(heldMessages.release(actor, scope, heldId)).rejects.toMatchObject(DENIED);
        await expect(heldMessages.drop(actor, scope, heldId)).rejects.toMatchObject(DENIED);
      }
      expect(announced()).toEqual([]);
      expect(await heldMessages.release(owner, scope, heldId)).toMatchObject({ status: 'released' });
    });
  });

  describe('a ban', () => {
    const banFromRoom = (actor: Actor, { userId }: Actor) =>
      world.get(ConversationBans).banByAdmin(actor, { conversationId: id, userId, reason: 'spam', until: null });

    it('removes a user who joins at the same time, and prevents their return until the ban is lifted', async () => {
      const participants = world.get(ParticipantsService);
      for (let cycle = 0; cycle < 5; cycle++) {
        const joining = await world.actor('joining');
        await Promise.allSettled([participants.join(joining, id), banFromRoom(systemModerator, joining)]);
        await expect(participants.leave(joining, id)).rejects.toMatchObject(DENIED);
        await expect(participants.join(joining, id)).rejects.toMatchObject(DENIED);
        await expect(participants.add(owner, id, { user_ids: [joining.userId] })).rejects.toMatchObject(DENIED);
        const ban = { conversationId: id, userId: joining.userId, reason: 'lifted' };
        await world.get(ConversationBans).unbanByAdmin(systemModerator, ban);
        await participants.join(joining, id);
        await participants.leave(joining, id);
      }
    });

    it('requires a higher system role than that of the user, whatever the role in the conversation', async () => {
      const peer = await world.actor('peer', { role: 'moderator' });
      for (const [actor, user] of [
        [owner, member],
        [systemModerator, peer],
        [systemModerator, systemModerator],
      ] as const) {
        await expect(banFromRoom(actor, user)).rejects.toMatchObject(DENIED);
      }
      expect(announced()).toEqual([]);
      await banFromRoom(systemModerator, member);
      expect([announced(), announced(member.userId)]).toEqual([
        ['participant.banned', 'participant.left'],
        ['conversation.removed'],
      ]);
    });

    it('ends the connections of a user who is banned from the server, and of no other', async () => {
      await world.get(UserAdministration).ban(systemModerator, member.userId, { reason: 'spam', until: null });
      const { calls } = world.get(Broadcaster) as RecordingBroadcaster;
      expect(calls.filter(([method]) => method === 'disconnectUser')).toEqual([
        ['disconnectUser', member.userId, 'banned'],
      ]);
      expect(await send('still here')).toBe('ACCOUNT_BANNED');
    });
  });
});
