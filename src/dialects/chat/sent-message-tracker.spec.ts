import { SentMessageTracker } from './sent-message-tracker.js';

describe('SentMessageTracker', () => {
  const receiptPosition = (deliveredUpTo: number, readUpTo: number, conversationId = 'here') => ({
    conversationId,
    deliveredUpTo,
    readUpTo,
  });

  it('reports a message as delivered, then as read, each once', () => {
    const tracker = new SentMessageTracker();
    tracker.add('here', 'a', 1);
    tracker.add('here', 'b', 2);
    tracker.add('there', 'c', 1);
    expect(tracker.advance(receiptPosition(1, 0))).toEqual([{ messageId: 'a', status: 'delivered' }]);
    expect(tracker.advance(receiptPosition(1, 0))).toEqual([]);
    expect(tracker.advance(receiptPosition(2, 2))).toEqual([
      { messageId: 'a', status: 'read' },
      { messageId: 'b', status: 'delivered' },
      { messageId: 'b', status: 'read' },
    ]);
    expect(tracker.advance(receiptPosition(9, 9))).toEqual([]);
    expect(tracker.advance(receiptPosition(1, 0, 'there'))).toEqual([{ messageId: 'c', status: 'delivered' }]);
  });

  it('tracks at most 200 messages', () => {
    const tracker = new SentMessageTracker();
    for (let number = 1; number <= 1000; number++) tracker.add('here', `m${number}`, number);
    const changes = tracker.advance(receiptPosition(1000, 0));
    expect([changes.length, changes[0]?.messageId]).toEqual([200, 'm801']);
  });
});
