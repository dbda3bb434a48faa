import { createTranslator, SharedEnvelope } from './rooms.codec.js';

const ID = '550e8400-e29b-41d4-a716-446655440000';

/** The payload of an unmasked text frame. */
function payloadOf(frame: Buffer): string {
  const length = frame[1]!;
  return frame.subarray(length < 126 ? 2 : length === 126 ? 4 : 10).toString('utf8');
}

describe('the envelope of the rooms dialect', () => {
  it.each([1, 60, 130, 70_000])('carries the session of its receiver with content of %i characters', (length) => {
    const content = `${'ü'.repeat(length)} ","session_id":"${'-'.repeat(36)}`;
    const envelope = new SharedEnvelope('text_message', { content }, 1640995200000);
    const [mine, other] = [envelope.to(ID), envelope.to(ID.replace('5', '6'))];
    expect(JSON.parse(payloadOf(mine.webSocketFrame))).toEqual({
      type: 'text_message',
      timestamp: 1640995200000,
      session_id: ID,
      data: { content },
      metadata: { version: '1.0', source: 'server' },
    });
    expect(JSON.parse(payloadOf(other.webSocketFrame))).toMatchObject({ session_id: ID.replace('5', '6') });
    expect(mine.size).toBe(mine.webSocketFrame.length);
  });

  it('notifies a slow client of skipped messages', () => {
    const translate = createTranslator({ slugOrIdOf: (id: string) => id } as never);
    const envelope = translate({ type: 'resync', data: { scope: 'all', reason: 'gap_too_large' } });
    expect(JSON.parse(payloadOf(envelope!.to(ID).webSocketFrame))).toMatchObject({
      type: 'error',
      data: { error_code: 'MESSAGES_SKIPPED' },
    });
  });
});
