import type { HttpResponse } from '../support/client/http.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

const POLL = { question: 'When do we meet?', options: ['On Monday', 'On Tuesday', 'Never'] };

describe('a poll', () => {
  let world: World;
  let owner: User;
  let [ana, bo]: User[] = [];
  let id: string;

  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world?.stop());

  beforeEach(async () => {
    const users = await world.users(3);
    owner = users[0];
    [ana, bo] = users.slice(1);
    id = await world.group(owner, [ana!, bo!]);
  });

  const send = (body: object, sender = ana!) => sender.call('POST', `/conversations/${id}/messages`, body);
  const ask = async (more: object = {}): Promise<string> => {
    const { status, body } = await send({ poll: { ...POLL, ...more } });
    expect(status).toBe(201);
    return body.id as string;
  };
  const vote = (user: User, messageId: string, ...optionIds: string[]) =>
    user.call('PUT', `/messages/${messageId}/poll/votes`, { option_ids: optionIds });
  const withdraw = (user: User, messageId: string) => user.call('DELETE', `/messages/${messageId}/poll/votes`);
  const close = (user: User, messageId: string) => user.call('POST', `/messages/${messageId}/poll/close`);
  const read = async (user: User, messageId: string): Promise<HttpResponse['body']> =>
    (await user.call('GET', `/messages/${messageId}`)).body.poll;
  const counts = (poll: HttpResponse['body']): number[] =>
    poll.options.map(({ vote_count }: { vote_count: number }) => vote_count);
  const own = (poll: HttpResponse['body']): string[] =>
    poll.options.filter((option: { own?: boolean }) => option.own).map((option: { id: string }) => option.id);
  const code = ({ status, body }: HttpResponse) => [status, body.error?.code];

  it('is sent with a message, whose text is the question, and shown with its votes', async () => {
    const device = await bo!.webSocket();
    const { body } = await send({ poll: { ...POLL, closes_at: null } });
    const empty = { vote_count: 0, user_ids: [] };
    const poll = {
      question: 'When do we meet?',
      options: [
        { id: '1', text: 'On Monday', ...empty },
        { id: '2', text: 'On Tuesday', ...empty },
        { id: '3', text: 'Never', ...empty },
      ],
      multiple: false,
      anonymous: false,
      voter_count: 0,
      closes_at: null,
      closed_at: null,
    };
    expect(body).toMatchObject({ content: 'When do we meet?', poll });
    expect((await device.first('message.created')).data).toMatchObject({ message: { poll } });
    const { body: other } = await send({ content: 'Please vote.', poll: POLL });
    expect(other).toMatchObject({ content: 'Please vote.', poll });
    const { body: page } = await bo!.call('GET', `/conversations/${id}/messages`);
    expect(page.data[0].poll.options).toEqual(poll.options.map((option) => ({ ...option, own: false })));
    expect((await send({ content: 'no poll' })).body).not.toHaveProperty('poll');
  });

  it('takes one vote of each user, which a later one replaces and which can be taken back', async () => {
    const messageId = await ask();
    expect(own((await vote(ana!, messageId, '1')).body.poll)).toEqual(['1']);
    await vote(bo!, messageId, '1');
    expect(counts((await vote(ana!, messageId, '3')).body.poll)).toEqual([1, 0, 1]);
    const poll = await read(bo!, messageId);
    expect([counts(poll), own(poll), poll.voter_count]).toEqual([[1, 0, 1], ['1'], 2]);
    expect(poll.options[2].user_ids).toEqual([ana!.userId]);
    expect(counts((await withdraw(bo!, messageId)).body.poll)).toEqual([0, 0, 1]);
    expect(own(await read(bo!, messageId))).toEqual([]);
  });

  it('takes several votes of a user only if it allows them', async () => {
    const [single, multiple] = [await ask(), await ask({ multiple: true })];
    expect(code(await vote(ana!, single, '1', '2'))).toEqual([400, 'VALIDATION_ERROR']);
    expect(code(await vote(ana!, single, '4'))).toEqual([400, 'VALIDATION_ERROR']);
    expect(code(await vote(ana!, single))).toEqual([400, 'VALIDATION_ERROR']);
    expect(counts((await vote(ana!, multiple, '1', '2', '1')).body.poll)).toEqual([1, 1, 0]);
    const { body } = await vote(ana!, multiple, '2', '3');
    expect([counts(body.poll), body.poll.voter_count]).toEqual([[0, 1, 1], 1]);
  });

  it('sends its state to all participants, and what a user chose to that user only', async () => {
    const messageId = await ask();
    const [anas, bos] = [await ana!.webSocket(), await bo!.webSocket()];
    await vote(ana!, messageId, '2');
    const heard = await bos.first('poll.updated');
    expect(heard).toMatchObject({ actor_id: ana!.userId, data: { message_id: messageId, poll: { voter_count: 1 } } });
    expect(JSON.stringify(heard)).not.toContain('"own"');
    expect(own(((await anas.first('poll.updated')).data as { poll: object }).poll)).toEqual(['2']);
    await vote(ana!, messageId, '2'); // changes nothing
    await vote(bo!, messageId, '1');
    const events = async (user: User): Promise<HttpResponse['body'][]> =>
      (await user.call('GET', `/conversations/${id}/events?after_seq=0`)).body.data.filter(
        ({ type }: { type: string }) => type === 'poll.updated',
      );
    const replayed = (await events(ana!)).map(({ data }) => own(data.poll));
    expect(replayed).toEqual([['2'], []]);
    expect(counts((await events(bo!)).at(-1).data.poll)).toEqual(counts(await read(bo!, messageId)));
  });

  it('does not reveal who voted if it is anonymous', async () => {
    const messageId = await ask({ anonymous: true });
    const device = await bo!.webSocket();
    const { body } = await vote(ana!, messageId, '2');
    expect([counts(body.poll), own(body.poll)]).toEqual([[0, 1, 0], ['2']]);
    const heard = await device.first('poll.updated');
    const replay = await bo!.call('GET', `/conversations/${id}/events?after_seq=0`);
    const polled = replay.body.data.find(({ type }: { type: string }) => type === 'poll.updated');
    for (const event of [heard, polled]) {
      expect(event).toMatchObject({ actor_id: null, data: { poll: { voter_count: 1 } } });
      expect(JSON.stringify(event)).not.toContain(ana!.userId);
    }
    expect(JSON.stringify(await read(bo!, messageId))).not.toContain(ana!.userId);
  });

  it('is exact when 200 users vote and change their minds at once', async () => {
    const messageId = await ask();
    const voters = await world.users(200);
    await world.database.query(
      `insert into participants (conversation_id, user_id, joined_seq) select $1, unnest($2::uuid[]), 0`,
      [id, voters.map(({ userId }) => userId)],
    );
    const device = await bo!.webSocket();
    const chosen = await Promise.all(
      voters.map(async (voter, index) => {
        const first = await vote(voter, messageId, String((index % 3) + 1));
        if (index % 4 === 0) await vote(voter, messageId, '3');
        if (index % 5 === 0) await withdraw(voter, messageId);
        return first.status;
      }),
    );
    expect(new Set(chosen)).toEqual(new Set([200]));
    const expected = [0, 0, 0];
    voters.forEach((_voter, index) => {
      if (index % 5 !== 0) expected[index % 4 === 0 ? 2 : index % 3]! += 1;
    });
    const poll = await read(bo!, messageId);
    expect([counts(poll), poll.voter_count]).toEqual([expected, 160]);
    const rows = await world.database.query<{ option_id: string; count: number }>(
      `select option_id, count(*)::int as count from poll_votes where message_id = $1 group by 1 order by 1`,
      [messageId],
    );
    expect(rows.map(({ count }) => count)).toEqual(expected);
    const isFinal = ({ type, data }: { type: string; data?: unknown }): boolean =>
      type === 'poll.updated' && counts((data as { poll: object }).poll).join() === expected.join();
    const last = await device.first(isFinal);
    expect(last).toBeDefined();
  });

  it('is closed by its sender or a moderator, or by its time, and then takes no votes', async () => {
    const [messageId, other] = [await ask(), await ask()];
    await vote(bo!, messageId, '1');
    expect(code(await close(bo!, messageId))).toEqual([403, 'PERMISSION_DENIED']);
    expect((await close(ana!, messageId)).body.poll.closed_at).toEqual(expect.any(String));
    expect((await close(owner, other)).status).toBe(200);
    for (const attempt of [vote(bo!, messageId, '2'), withdraw(bo!, messageId)]) {
      expect(code(await attempt)).toEqual([409, 'POLL_CLOSED']);
    }
    expect(counts(await read(bo!, messageId))).toEqual([1, 0, 0]);
    const timed = await ask({ closes_at: new Date(Date.now() + 3_600_000).toISOString() });
    expect((await vote(bo!, timed, '1')).status).toBe(200);
    await world.database.query(
      `update messages set poll = poll || jsonb_build_object('closes_at', now() - interval '1 minute') where id = $1`,
      [timed],
    );
    expect(code(await vote(bo!, timed, '2'))).toEqual([409, 'POLL_CLOSED']);
  });

  it('is gone with its message, and its votes too', async () => {
    const messageId = await ask();
    await vote(bo!, messageId, '1');
    expect((await ana!.call('DELETE', `/messages/${messageId}`)).body).not.toHaveProperty('poll');
    expect(code(await vote(bo!, messageId, '2'))).toEqual([409, 'MESSAGE_NOT_EDITABLE']);
    const left = await world.database.query(`select from poll_votes where message_id = $1`, [messageId]);
    expect(left).toEqual([]);
    const { body } = await send({ content: 'no poll' });
    expect(code(await vote(bo!, body.id as string, '1'))).toEqual([404, 'POLL_NOT_FOUND']);
  });

  it('takes votes only of participants who may post', async () => {
    const messageId = await ask();
    expect(code(await vote(await world.user(), messageId, '1'))).toEqual([403, 'PERMISSION_DENIED']);
    await owner.call('PATCH', `/conversations/${id}/participants/${bo!.userId}`, { is_muted: true });
    expect(code(await vote(bo!, messageId, '1'))).toEqual([403, 'PERMISSION_DENIED']);
  });

  it('has its texts checked by the content rules', async () => {
    const rule = (pattern: string, action: string) =>
      owner.call('POST', `/conversations/${id}/content-rules`, { kind: 'word', pattern, action });
    await rule('darn', 'mask');
    await rule('awful', 'reject');
    const { body } = await send({ poll: { question: 'Darn?', options: ['darn', 'text'] } });
    expect(body.poll).toMatchObject({ question: '•••?', options: [{ text: '•••' }, { text: 'text' }] });
    expect(code(await send({ poll: { question: 'Well?', options: ['fine', 'awful'] } }))).toEqual([
      422,
      'CONTENT_REJECTED',
    ]);
  });

  it('is sent once for each key, and another poll with it is a conflict', async () => {
    const first = await send({ poll: POLL, client_message_id: 'key' });
    expect((await send({ poll: POLL, client_message_id: 'key' })).body.id).toBe(first.body.id);
    const other = { ...POLL, question: 'Where?' };
    expect(code(await send({ poll: other, client_message_id: 'key' }))).toEqual([422, 'IDEMPOTENCY_CONFLICT']);
  });

  it.each([
    ['poll.question', { question: ' ' }],
    ['poll.options', { options: ['one'] }],
    ['poll.options', { options: ['one', ' '] }],
    ['poll.options', { options: ['one', 'one'] }],
    ['poll.options', { options: Array.from({ length: 21 }, (_, index) => `${index}`) }],
    ['poll.closes_at', { closes_at: '2020-01-01T00:00:00Z' }],
  ])('is refused with an invalid %s', async (field, wrong) => {
    const { status, body } = await send({ poll: { ...POLL, ...wrong } });
    expect([status, body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(body.error.details.errors.map((problem: { field: string }) => problem.field)).toEqual([field]);
  });
});
