import { ConversationStatisticsService } from '../../src/modules/conversations/conversation-statistics.service.js';
import { MessagesService } from '../../src/modules/messages/messages.service.js';
import { World } from '../support/world.js';

describe('ConversationStatisticsService', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  it('counts messages and unread messages of a user, and returns the most recent conversations first', async () => {
    const [anna, ben] = await world.users(2);
    const statistics = world.get(ConversationStatisticsService);
    const messages = world.get(MessagesService);
    expect(await statistics.ofActor(anna)).toEqual({ conversations: 0, messages: 0, unread: 0, recent: [] });
    const [first, second, silent] = [
      await world.group(anna, [ben]),
      await world.group(anna, [ben]),
      await world.group(anna),
    ];
    await messages.send(ben, second, { content: 'one' });
    await messages.send(ben, second, { content: 'two' });
    const { message } = await messages.send(ben, first, { content: 'three' });
    const stats = await statistics.ofActor(anna);
    expect(stats).toMatchObject({ conversations: 3, messages: 3, unread: 3 });
    expect(stats.recent.map(({ conversationId, unread }) => [conversationId, unread])).toEqual([
      [first, 1],
      [second, 2],
    ]);
    expect(stats.recent[0]!.lastMessageAt.toISOString()).toBe(message.created_at);
    expect(stats.recent.map(({ conversationId }) => conversationId)).not.toContain(silent);
    await anna.call('POST', `/conversations/${second}/read`, { sequence_number: 2 });
    await anna.call('POST', `/conversations/${first}/leave`);
    expect(await statistics.ofActor(anna)).toMatchObject({ conversations: 2, messages: 2, unread: 0 });
  });
});
