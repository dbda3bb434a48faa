import { startChat, type Answer, type Chat, type ChatUser } from '../support/chat.js';

describe('input that is not as documented', () => {
  let chat: Chat;
  let ana: ChatUser;
  let bob: ChatUser;
  let messages: string;

  beforeAll(async () => {
    chat = await startChat();
    [ana, bob] = [await chat.user('ana'), await chat.user('bob')];
    messages = `/conversations/${await chat.group(ana)}/messages`;
  });
  afterAll(() => chat.stop());

  const problems = ({ status, body }: Answer): unknown => (status === 400 ? body.error.details.errors : status);

  it('gets one reason a field, and hears of one left out that it is required', async () => {
    const account = { username: 5, email: 'x'.repeat(400) };
    expect(problems(await chat.call('POST', '/auth/register', account))).toEqual([
      { field: 'email', reason: expect.stringContaining('320') },
      { field: 'username', reason: expect.stringContaining('string') },
      { field: 'password', reason: 'is required' },
    ]);
  });

  it('of a registration is told of all fields at once, whatever is wrong with each', async () => {
    const account = { username: 'a', email: 'nobody', password: '12345678', display_name: ' ' };
    const told = problems(await chat.call('POST', '/auth/register', account)) as { field: string }[];
    expect(told.map(({ field }) => field)).toEqual(['username', 'email', 'display_name', 'password']);
  });

  it('of a message without text is told so; with a file it needs none', async () => {
    expect(problems(await ana.call('POST', messages, {}))).toEqual([{ field: 'content', reason: 'is required' }]);
    const form = new FormData();
    form.set('file', new File(['some text'], 'a.txt', { type: 'text/plain' }));
    const headers = { authorization: `Bearer ${ana.token}` };
    const upload = await fetch(`${chat.app.url}/api/v1/files`, { method: 'POST', body: form, headers });
    const { id } = (await upload.json()) as { id: string };
    const sent = await ana.call('POST', messages, { attachment_ids: [id] });
    expect([sent.status, sent.body.content, sent.body.attachments.length]).toEqual([201, '', 1]);
  });

  it('in an address may be an empty field, which is one left out', async () => {
    expect((await ana.call('GET', `${messages}?cursor=&before=&limit=&type=&from=`)).status).toBe(200);
    expect(problems(await ana.call('GET', '/search/messages?q='))).toEqual([{ field: 'q', reason: 'is required' }]);
    expect(problems(await ana.call('GET', `${messages}?no_such_thing=`))).toEqual([
      { field: 'no_such_thing', reason: expect.stringContaining('should not exist') },
    ]);
  });

  it('is told that a number has to be one', async () => {
    expect(problems(await ana.call('GET', `${messages}?limit=abc`))).toEqual([
      { field: 'limit', reason: 'limit must be a whole number' },
    ]);
  });

  it('may name somebody twice', async () => {
    const title = 'Twice';
    const participant_ids = [bob.id, bob.id.toUpperCase()];
    const made = await ana.call('POST', '/conversations', { type: 'group', title, participant_ids });
    expect([made.status, made.body.participant_count]).toEqual([201, 2]);
    expect((await ana.call('GET', `/presence?user_ids=${bob.id},${bob.id}`)).body.data).toHaveLength(1);
  });

  it('may not say two places where a page of messages begins', async () => {
    expect(problems(await ana.call('GET', `${messages}?after_seq=1&before_seq=9`))).toEqual([
      { field: 'after_seq', reason: 'cannot be combined with before_seq' },
    ]);
    const socket = await ana.socketIo();
    const conversation_id = messages.split('/')[2]!;
    const reply = await socket.request('history', { conversation_id, cursor: 'x', after_seq: 1 });
    expect(reply).toMatchObject({ ok: false, error: { code: 'VALIDATION_ERROR' } });
  });
});
