import { NodeHeartbeat } from '../../src/modules/admin/activity/node-heartbeat.js';
import { removeDemoData } from '../../src/cli/demo/remove-demo-data.js';
import { DemoSeeder } from '../../src/cli/demo/seed-demo-data.js';
import { DEMO_CONVERSATIONS, DEMO_USERS } from '../../src/cli/demo/demo-data.js';
import { World } from '../support/world.js';

jest.setTimeout(90_000);

/** The tables of a seed; sessions and devices of a login are separate. */
const MADE = ['users', 'conversations', 'participants', 'messages', 'reactions', 'files', 'events', 'stream_heads'];
const PASSWORD = 'fern-walnut-93-tide';

describe('the demo world', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const seed = (): Promise<unknown> => new DemoSeeder(world.app, PASSWORD).seed();
  /**
   * Rows of every table except the append-only audit log, the statistics of all users, and
   * the progress of the search index.
   */
  const rows = async (): Promise<Record<string, number>> => {
    const tables = await world.database.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' and tablename not in ('audit_log', 'activity_hours', 'activity_days', 'active_people', 'message_search', 'message_search_progress') order by 1`,
    );
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const [row] = await world.database.query<{ count: string }>(`select count(*) from "${name}"`);
      counts[name] = Number(row!.count);
    }
    return counts;
  };
  const logIn = async (username: string): Promise<Record<string, string>> => {
    const { status, body } = await world.call('POST', '/auth/login', { username, password: PASSWORD });
    expect(status).toBe(200);
    return { authorization: `Bearer ${body.access_token}` };
  };

  it('is created once, has activity, and is removed completely', async () => {
    const ann = await world.register('ann');
    const ben = await world.register('ben');
    await ann.call('POST', `/conversations/${await world.group(ann, [ben])}/messages`, { content: 'ours' });
    const before = await rows();

    await seed();
    const first = await rows();
    expect(first.users! - before.users!).toBe(DEMO_USERS.length);
    expect(first.conversations! - before.conversations!).toBe(DEMO_CONVERSATIONS.length);
    expect(first.messages! - before.messages!).toBeGreaterThan(200);
    expect(first.reactions).toBeGreaterThan(20);
    const files = await world.database.query('select status from files');
    expect(files.map(({ status }) => status)).toEqual(Array(8).fill('ready'));
    const owen = await logIn('demo-owen');
    const { body } = await world.call('GET', '/conversations', undefined, owen);
    expect(body.data.some(({ unread_count }: { unread_count: number }) => unread_count > 0)).toBe(true);

    await seed();
    const second = await rows();
    for (const table of MADE) expect({ [table]: second[table] }).toEqual({ [table]: first[table] });

    expect(await removeDemoData(world.app)).toEqual({ users: 8, conversations: 9, files: 8, kept: [] });
    expect(await rows()).toEqual(before);
    await world.get(NodeHeartbeat).report();
    for (const left of [
      `select from active_people where user_id not in (select id from users)`,
      `select from message_search where message_id not in (select id from messages)`,
    ]) {
      expect(await world.database.query(left)).toEqual([]);
    }
    expect((await ann.call('GET', '/conversations')).body.data).toHaveLength(1);
  });

  it('keeps a user who has become a participant elsewhere', async () => {
    await seed();
    const cora = await world.register('cora');
    const [mira] = await world.database.query<{ id: string }>(`select id from users where username = 'demo-mira'`);
    const group = { type: 'group', title: 'Real work', participant_ids: [mira!.id] };
    const { body: real } = await cora.call('POST', '/conversations', group);
    const asMira = await logIn('demo-mira');
    await world.call('POST', `/conversations/${real.id}/messages`, { content: 'I stay' }, asMira);

    expect(await removeDemoData(world.app)).toMatchObject({ users: 7, conversations: 9, kept: ['demo-mira'] });
    const { body } = await cora.call('GET', `/conversations/${real.id}/messages`);
    expect(body.data.map(({ content, sender_name }: Record<string, string>) => [content, sender_name])).toEqual([
      ['I stay', 'Mira Novak'],
    ]);
  });
});
