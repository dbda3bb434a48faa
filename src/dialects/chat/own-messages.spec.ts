import { SentMessageTracker } from './sent-message-tracker.js';

describe('messages whose sender waits to hear of them', () => {
  const progress = (deliveredTo: number, readTo: number, conversationId = 'here') => ({
    conversationId,
    deliveredTo,
    readTo,
  });

  it('are told of as delivered, then as read, each once', () => {
    const own = new SentMessageTracker();
    own.add('here', 'a', 1);
    own.add('here', 'b', 2);
    own.add('there', 'c', 1);
    expect(own.advance(progress(1, 0))).toEqual([{ messageId: 'a', status: 'delivered' }]);
    expect(own.advance(progress(1, 0))).toEqual([]);
    expect(own.advance(progress(2, 2))).toEqual([
      { messageId: 'a', status: 'read' },
      { messageId: 'b', status: 'delivered' },
      { messageId: 'b', status: 'read' },
    ]);
    expect(own.advance(progress(9, 9))).toEqual([]);
    expect(own.advance(progress(1, 0, 'there'))).toEqual([{ messageId: 'c', status: 'delivered' }]);
  });

  it('are forgotten past 200', () => {
    const own = new SentMessageTracker();
    for (let number = 1; number <= 1000; number++) own.add('here', `m${number}`, number);
    const told = own.advance(progress(1000, 0));
    expect([told.length, told[0]?.messageId]).toEqual([200, 'm801']);
  });
});
