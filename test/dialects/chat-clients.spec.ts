import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyJson } from '../support/client/inbox.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';
import { ChatClient, type ChatConnection } from './clients/chat-client.js';

function printed(file: string): string {
  return readFileSync(join(process.cwd(), 'test/dialects/clients', file), 'utf8');
}

/** Sends what the curl command would send, with the three options that the documentation uses. */
async function ask(line: string): Promise<AnyJson> {
  const [, method] = /-X (\w+)/.exec(line)!;
  const [, url] = /"(http[^"]+)"/.exec(line)!;
  const headers = Object.fromEntries(
    [...line.matchAll(/-H "([^:]+): ([^"]+)"/g)].map(([, name, value]) => [name, value]),
  );
  const body = /-d '([^']*)'/.exec(line)?.[1];
  const response = await fetch(url!, { method, headers: headers as Record<string, string>, body });
  return (await response.json()) as AnyJson;
}

describe('the client code of the chat documentation', () => {
  let world: World;
  let mary: RegisteredUser;

  beforeAll(async () => {
    world = await World.start();
    mary = await world.register('mary');
    await mary.call('POST', '/conversations', { type: 'room', slug: 'room_123', title: 'A room' });
  });
  afterAll(() => world.stop());

  /** As printed, with the server, the token and the user of the test. */
  const followed = (text: string, { token = '', userId = '' } = {}): string =>
    text
      .replaceAll('http://localhost:8000', world.url)
      .replace(/YOUR_JWT_TOKEN_HERE|your-jwt-token/, token)
      .replace('user_123', userId);

  it('registers, logs in and returns the profile with curl', async () => {
    const [register, login, me] = printed('chat-curl.txt').split('\n\n') as [string, string, string];
    const curl = async (line: string, token?: string): Promise<AnyJson> => ask(followed(line, { token }));
    const registered = await curl(register);
    expect(registered).toMatchObject({ username: 'johndoe', email: 'john@example.com', display_name: 'John Doe' });
    const { access_token: token } = await curl(login);
    expect(await curl(me, token as string)).toEqual(registered);
  });

  it('sends, connects and receives', async () => {
    const said: unknown[][] = [];
    const connections: ChatConnection[] = [];
    class FollowedClient extends ChatClient {
      override readonly websocket = {
        connect: (userId: string): ChatConnection => {
          const connection = new ChatClient({ baseUrl: world.url, token: mary.token }).websocket.connect(userId);
          connections.push(connection);
          return connection;
        },
      };
    }
    const sample = followed(printed('chat-sample.txt'), { token: mary.token, userId: mary.id });
    const AsyncFunction = (async () => undefined).constructor as new (
      ...parts: string[]
    ) => (...surroundings: unknown[]) => Promise<void>;
    const console = { log: (...words: unknown[]): void => void said.push(words) };
    await new AsyncFunction('ChatClient', 'console', sample)(FollowedClient, console);
    const [connection] = connections;
    await once(connection!, 'user_status');
    const heard = once(connection!, 'message');
    await world.register('carl').then(({ token }) =>
      new ChatClient({ baseUrl: world.url, token }).messages.send({
        chat_id: 'room_123',
        content: 'Hello Mary!',
      }),
    );
    const [message] = (await heard) as [AnyJson];
    expect(message).toMatchObject({ content: 'Hello Mary!', status: 'delivered' });
    expect(said).toEqual([['New message:', message]]);
    const { body } = await mary.call('GET', `/conversations/room_123/messages`);
    expect((body.data as AnyJson[]).map(({ content }) => content as string)).toEqual([
      'Hello Mary!',
      'Hello everyone!',
    ]);
    connection!.close();
  });

  it('reports errors', async () => {
    const client = new ChatClient({ baseUrl: world.url, token: mary.token });
    await expect(client.messages.send({ chat_id: 'room_124', content: 'Hello?' })).rejects.toThrow(
      'RESOURCE_NOT_FOUND: No such conversation.',
    );
    const connection = client.websocket.connect('user_123');
    const [problem] = (await once(connection, 'error')) as [AnyJson];
    expect(problem.code).toBe('AUTHORIZATION_ERROR');
    connection.close();
  });
});
