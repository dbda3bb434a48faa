import { ConversationStatisticsService } from '../../src/modules/conversations/conversation-statistics.service.js';
import { MessagesService } from '../../src/modules/messages/messages.service.js';
import { People } from '../support/people.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('ConversationStatisticsService', () => {
  let test: TestApp;
  let people: People;
  beforeAll(async () => {
    test = await startTestApp();
    people = new People(test);
  });
  afterAll(() => test.close());

  it('counts messages and unread messages of a user, and returns the most recent conversations first', async () => {
    const [anna, ben] = await people.many(2);
    const statistics = test.app.get(ConversationStatisticsService, { strict: false });
    const messages = test.app.get(MessagesService, { strict: false });
    expect(await statistics.ofActor(anna!)).toEqual({ conversations: 0, messages: 0, unread: 0, recent: [] });
    const [first, second, silent] = [
      await people.group(anna!, [[ben!, 'participant']]),
      await people.group(anna!, [[ben!, 'participant']]),
      await people.group(anna!),
    ];
    await messages.send(ben!, second, { content: 'one' });
    await messages.send(ben!, second, { content: 'two' });
    const { message } = await messages.send(ben!, first, { content: 'three' });
    const stats = await statistics.ofActor(anna!);
    expect(stats).toMatchObject({ conversations: 3, messages: 3, unread: 3 });
    expect(stats.recent.map(({ conversationId, unread }) => [conversationId, unread])).toEqual([
      [first, 1],
      [second, 2],
    ]);
    expect(stats.recent[0]!.lastMessageAt.toISOString()).toBe(message.created_at);
    expect(stats.recent.map(({ conversationId }) => conversationId)).not.toContain(silent);
    await people.call(anna!, 'POST', `/conversations/${second}/read`, { sequence_number: 2 });
    await people.call(anna!, 'POST', `/conversations/${first}/leave`);
    expect(await statistics.ofActor(anna!)).toMatchObject({ conversations: 2, messages: 2, unread: 0 });
  });
});
