import { startChat, type Chat, type ChatUser } from '../support/chat.js';
import { type AnyJson, JsonSocket } from '../support/dialect-client.js';
import { literalCalls } from '../support/literal-calls.js';

const ROUNDS = 40;

describe('people who speak different dialects in one conversation', () => {
  let chat: Chat;
  const sockets: JsonSocket[] = [];

  beforeAll(async () => {
    chat = await startChat();
  });
  afterAll(async () => {
    for (const socket of sockets) socket.close();
    await chat.stop();
  });

  /** The contents a socket of a dialect is told of, once there are so many. */
  const reader = async (address: string, contentOf: (frame: AnyJson) => unknown, count: number) => {
    const socket = new JsonSocket(chat.app.url, address);
    sockets.push(socket);
    await socket.opened;
    const heard: string[] = [];
    const all = (async () => {
      while (heard.length < count) heard.push(String(contentOf(await socket.next((f) => contentOf(f) !== undefined))));
      return heard;
    })();
    return { all };
  };

  it('all see the same messages in the same order, each once', async () => {
    const names = ['classroom', 'direct', 'messaging', 'canonical'];
    const [kim, lou, max, noa] = (await Promise.all(names.map((name) => chat.user(name)))) as [
      ChatUser,
      ChatUser,
      ChatUser,
      ChatUser,
    ];
    const id = await chat.group(noa, kim, lou, max);
    const count = 4 * ROUNDS;
    const inOurs = await noa.webSocket();
    const readers = await Promise.all([
      reader(
        `/api/ws/${kim.token}`,
        ({ type, message }) => (type === 'new_message' ? message.content : undefined),
        count,
      ),
      reader(`/ws?token=${lou.token}`, ({ type, data }) => (type === 'message' ? data.content : undefined), count),
      reader(
        `/ws/chat/${id}/?token=${max.token}`,
        ({ type, content }) => (type === 'chat_message' ? content : undefined),
        count,
      ),
    ]);
    const [kims, lous, maxs, noas] = [kim, lou, max, noa].map(({ token }) => literalCalls(chat.app.url, token)) as [
      ReturnType<typeof literalCalls>,
      ReturnType<typeof literalCalls>,
      ReturnType<typeof literalCalls>,
      ReturnType<typeof literalCalls>,
    ];
    const speak = async (round: number): Promise<void> => {
      const sent = await Promise.all([
        kims('POST', `/api/conversations/${id}/messages`, { content: `classroom ${round}` }),
        lous('POST', '/api/messages', { conversation_id: id, content: `direct ${round}` }),
        maxs('POST', `/api/messaging/conversations/${id}/messages`, { content: `messaging ${round}` }),
        noas('POST', `/api/v1/conversations/${id}/messages`, { content: `canonical ${round}` }),
      ]);
      expect(sent.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    };
    for (let round = 0; round < ROUNDS; round++) await speak(round);
    await inOurs.until(({ data }) => data?.message?.sequence_number === count);
    const ours = inOurs.frames.filter(({ type }) => type === 'message.created').map(({ data }) => data.message.content);
    expect(new Set(ours).size).toBe(count);
    for (const { all } of readers) expect(await all).toEqual(ours);
    const listed: string[] = [];
    for (let page = 1; page <= 2; page++) {
      const { messages } = (await kims('GET', `/api/conversations/${id}/messages?page=${page}&limit=100`)).body;
      listed.push(...messages.map(({ content }: { content: string }) => content));
    }
    expect(listed.toReversed()).toEqual(ours);
  });
});
