import { DeliveryReceipts } from './implicit-receipts.js';

describe('DeliveryReceipts', () => {
  it('stores one mark at a time, and combines those that arrive in the meantime', async () => {
    const made: [string, number][] = [];
    let finish: () => void = () => undefined;
    const marks = new DeliveryReceipts((conversationId, number) => {
      made.push([conversationId, number]);
      return new Promise<void>((resolve) => (finish = resolve));
    });
    for (let number = 1; number <= 50; number++) marks.onDelivered('here', number);
    marks.onDelivered('there', 7);
    expect(made).toEqual([['here', 1]]);
    finish();
    await new Promise(setImmediate);
    expect(made).toHaveLength(2);
    finish();
    await new Promise(setImmediate);
    expect(made).toEqual([
      ['here', 1],
      ['here', 50],
      ['there', 7],
    ]);
  });

  it('continues after a refused mark', async () => {
    const made: number[] = [];
    const marks = new DeliveryReceipts((_conversationId, number) => {
      made.push(number);
      return Promise.reject(new Error('no longer in it'));
    });
    marks.onDelivered('here', 1);
    await new Promise(setImmediate);
    marks.onDelivered('here', 2);
    await new Promise(setImmediate);
    expect(made).toEqual([1, 2]);
  });
});
