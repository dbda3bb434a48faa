import { type Api, ApiError } from './api.js';

const TITLE = 'Demo: alice, bob and carol';
const PEOPLE = [
  { username: 'alice', display_name: 'Alice', password: 'plum-orbit-41-lamp' },
  { username: 'bob', display_name: 'Bob', password: 'kelp-anvil-77-moss' },
  { username: 'carol', display_name: 'Carol', password: 'fern-walnut-93-tide' },
] as const;

export interface Person {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly token: string;
}

interface Conversation {
  readonly id: string;
  readonly title: string | null;
}

/** Alice, Bob and Carol, logged in; registered where they were not there yet. @throws ApiError, Error */
export async function makePeople(api: Api): Promise<Person[]> {
  const people: Person[] = [];
  for (const { username, display_name, password } of PEOPLE) {
    await unlessThere(
      api.post('/auth/register', { email: `${username}@example.com`, username, password, display_name }),
    );
    const { access_token: token, user } = await logIn(api, username, password);
    people.push({ id: user.id, username, password, token });
  }
  return people;
}

/** The one conversation of the three, made where it is not there yet. */
export async function makeConversation(api: Api, [alice, ...others]: readonly Person[]): Promise<string> {
  const own = api.as(alice!.token);
  const { data } = await own.get<{ data: Conversation[] }>('/conversations?limit=100');
  const known = data.find(({ title }) => title === TITLE);
  const participant_ids = others.map(({ id }) => id);
  const { id } =
    known ?? (await own.post<Conversation>('/conversations', { type: 'group', title: TITLE, participant_ids }));
  await own.post(`/conversations/${id}/messages`, { content: 'Hello Bob, hello Carol', client_message_id: 'demo' });
  return id;
}

async function unlessThere(registration: Promise<unknown>): Promise<void> {
  try {
    await registration;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'ALREADY_EXISTS') throw error;
  }
}

async function logIn(
  api: Api,
  username: string,
  password: string,
): Promise<{ access_token: string; user: { id: string } }> {
  try {
    return await api.post('/auth/login', { username, password });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    throw new Error(`there is a ${username} already, with another password than the demo's`, { cause: error });
  }
}
