import { randomBytes } from 'node:crypto';
import { ADMIN, type Cluster } from './cluster.js';
import { Rest } from './rest.js';

/** A user with an account, logged in. */
export interface Person {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
}

interface Login {
  readonly access_token: string;
  readonly user: { readonly id: string };
}

/** Passwords are hashed at the server's pace: too many at once are refused for a while. */
const AT_ONCE = 12;

/** Registers this number of users and logs each in once. */
export async function register(cluster: Cluster, count: number): Promise<Person[]> {
  const rest = new Rest(() => cluster.address(0));
  try {
    const people: Person[] = [];
    let left = count;
    const work = async (): Promise<void> => {
      while (left-- > 0) people.push(await registerOne(rest));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return people;
  } finally {
    rest.close();
  }
}

async function registerOne(rest: Rest): Promise<Person> {
  const username = `t${randomBytes(8).toString('hex')}`;
  const account = { username, email: `${username}@example.com`, password: randomBytes(12).toString('base64url') };
  await rest.post('/auth/register', { ...account, display_name: username });
  const { access_token: token, user } = await rest.post<Login>('/auth/login', {
    login: username,
    password: account.password,
  });
  return { ...account, id: user.id, token };
}

/** Another session of the same user. */
export async function logIn(cluster: Cluster, person: Pick<Person, 'email' | 'password'>): Promise<string> {
  const rest = new Rest(() => cluster.address(0));
  try {
    const { email, password } = person;
    return (await rest.post<Login>('/auth/login', { email, password })).access_token;
  } finally {
    rest.close();
  }
}

export function logInAdmin(cluster: Cluster): Promise<string> {
  return logIn(cluster, ADMIN);
}

/** A group of these users, the first of them its owner. Returns its id. */
export async function createGroup(cluster: Cluster, people: readonly Person[], more: object = {}): Promise<string> {
  const rest = new Rest(() => cluster.address(0), people[0]!.token);
  try {
    const { id } = await rest.post<{ id: string }>('/conversations', {
      type: 'group',
      title: 'chaos',
      participant_ids: people.slice(1).map((person) => person.id),
      ...more,
    });
    return id;
  } finally {
    rest.close();
  }
}
