import { randomUUID } from 'node:crypto';
import { IdempotencyConflict, PermissionDenied } from '../../src/platform/errors/app-error.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { startSendPath, type SendPath } from '../support/send-path.js';

describe('SendMessage', () => {
  let path: SendPath;
  let ana: Actor;
  let bo: Actor;
  let conversationId: string;

  beforeAll(async () => {
    path = await startSendPath();
    [ana, bo] = [await path.actor('ana'), await path.actor('bo')];
  });
  beforeEach(async () => {
    conversationId = await path.conversation(ana, bo);
  });
  afterAll(() => path.close());

  const numbersOf = async (id: string): Promise<number[]> =>
    (
      await path.database.query<{ n: string }>(
        `select sequence_number as n from messages where conversation_id = $1 order by sequence_number`,
        [id],
      )
    ).map(({ n }) => Number(n));

  it('stores one message for one key, sent repeatedly from two processes', async () => {
    const dto = { content: 'hello', client_message_id: randomUUID() };
    const other = path.another();

    const sends = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? path.sending : other).send(ana, conversationId, dto)),
    );

    expect(new Set(sends.map(({ message }) => message.id)).size).toBe(1);
    expect(sends.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
    expect(new Set(sends.map(({ message }) => JSON.stringify(message))).size).toBe(1);
    expect(await numbersOf(conversationId)).toEqual([1]);
  });

  it('rejects a key that was used with another body, without losing a number', async () => {
    const key = randomUUID();
    await path.sending.send(ana, conversationId, { content: 'one', client_message_id: key });

    await expect(
      path.sending.send(ana, conversationId, { content: 'two', client_message_id: key }),
    ).rejects.toBeInstanceOf(IdempotencyConflict);

    const { message } = await path.sending.send(bo, conversationId, { content: 'three', client_message_id: key });
    expect(message.sequence_number).toBe(2);
  });

  it('numbers densely and announces in order, with two processes sending at once', async () => {
    const other = path.another();
    const start = path.announced.length;

    const sends = await Promise.allSettled(
      Array.from({ length: 600 }, (_, i) =>
        (i % 2 ? path.sending : other).send(i % 3 ? ana : bo, conversationId, {
          content: `message ${i}`,
          // Every seventh is rejected within its batch: rejections must not leave gaps.
          reply_to_id: i % 7 === 0 ? randomUUID() : null,
        }),
      ),
    );

    const stored = sends.filter(({ status }) => status === 'fulfilled').length;
    expect(stored).toBe(600 - Math.ceil(600 / 7));
    expect(await numbersOf(conversationId)).toEqual(Array.from({ length: stored }, (_, i) => i + 1));
    const seqs = path.announced.slice(start).map(({ seq }) => seq);
    expect([...seqs].sort((a, b) => a - b)).toEqual(Array.from({ length: stored }, (_, i) => i + 1));
    const [head] = await path.database.query(`select last_seq, last_number from stream_heads where stream_id = $1`, [
      conversationId,
    ]);
    expect(head).toEqual({ last_seq: String(stored), last_number: String(stored) });
  });

  it('preserves the order of the sends of one user in one conversation', async () => {
    const sends = await Promise.all(
      Array.from({ length: 200 }, (_, i) => path.sending.send(ana, conversationId, { content: String(i) })),
    );
    expect(sends.map(({ message }) => message.sequence_number)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  });

  it('never assigns an earlier time, even if the clock does', async () => {
    await path.database.query(`update stream_heads set last_at = now() + interval '1 hour' where stream_id = $1`, [
      conversationId,
    ]);
    const first = await path.sending.send(ana, conversationId, { content: 'first' });
    const second = await path.sending.send(bo, conversationId, { content: 'second' });
    expect(Date.parse(first.message.created_at)).toBeGreaterThan(Date.now() + 3_000_000);
    expect(Date.parse(second.message.created_at)).toBeGreaterThanOrEqual(Date.parse(first.message.created_at));
  });

  /** Removes bo under the lock of the conversation, and sends before the removal has committed. */
  async function sendDuringRemoval(send: () => Promise<unknown>): Promise<PromiseSettledResult<unknown>> {
    let sending!: Promise<PromiseSettledResult<unknown>[]>;
    await path.log.write(conversationId, async (tx) => {
      await tx.run({ name: 'test.leave', text: `update participants set left_seq = 1 where user_id = $1` }, [
        bo.userId,
      ]);
      sending = Promise.allSettled([send()]);
      await untilWaitingForLock();
    });
    return (await sending)[0]!;
  }

  /** Waits until a statement waits for a lock in this database. */
  async function untilWaitingForLock(): Promise<void> {
    for (;;) {
      const waiting = await path.database.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      if (waiting.length > 0) return;
    }
  }

  it('rejects a send after the removal of its sender committed, even in a close race', async () => {
    const outcome = await sendDuringRemoval(() => path.sending.send(bo, conversationId, { content: 'still here?' }));
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(PermissionDenied) as unknown });
    expect(await numbersOf(conversationId)).toEqual([]);
  });

  it('accepts it if membership is checked before the lock, as a control', async () => {
    const checkFirst = `
      with head as (
        update stream_heads set last_number = last_number + 1
         where stream_id = $1 and exists (
           select from participants where conversation_id = $1 and user_id = $2 and left_seq is null)
        returning last_number)
      insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at)
      select gen_random_uuid(), $1, last_number, last_number, $2, 'text', 'leak', now() from head returning id`;
    const outcome = await sendDuringRemoval(() => path.database.query(checkFirst, [conversationId, bo.userId]));
    expect(outcome).toMatchObject({ status: 'fulfilled', value: [{ id: expect.any(String) as unknown }] });
  });

  it.each([
    ['a banned sender', `update users set banned_at = now() where id = $1`],
    ['a sender whose session was revoked', `update sessions set revoked_at = now() where user_id = $1`],
    ['a muted participant', `update participants set is_muted = true where user_id = $1`],
  ])('rejects %s at once', async (_who, change) => {
    const eve = await path.actor(`eve-${randomUUID().slice(0, 8)}`);
    const id = await path.conversation(eve, ana);
    await path.sending.send(eve, id, { content: 'before' });
    await path.database.query(change, [eve.userId]);
    await expect(path.sending.send(eve, id, { content: 'after' })).rejects.toHaveProperty('code');
    expect(await numbersOf(id)).toEqual([1]);
  });
});
