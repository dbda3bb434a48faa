import { fromBuffer } from 'yauzl';
import { ExportRepository } from '../../src/modules/admin/users/export.repository.js';
import { ExportAccount } from '../../src/modules/admin/users/export-account.js';
import { request, send } from '../support/client/http.js';
import { FileWorld } from '../support/file-world.js';
import type { RegisteredUser, User } from '../support/users.js';

/** The entries of a ZIP archive, by name. */
function unzip(bytes: Buffer): Promise<Map<string, Buffer>> {
  return new Promise((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      const entries = new Map<string, Buffer>();
      zip.on('error', reject);
      zip.on('end', () => resolve(entries));
      zip.on('entry', (entry: { fileName: string }) => {
        zip.openReadStream(entry as never, (failure, stream) => {
          if (failure) return reject(failure);
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('end', () => {
            entries.set(entry.fileName, Buffer.concat(chunks));
            zip.readEntry();
          });
        });
      });
      zip.readEntry();
    });
  });
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into lines freely
function linesOf(bytes: Buffer | undefined): any[] {
  return (bytes?.toString('utf8') ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
}

describe('the export of an account', () => {
  let world: FileWorld;
  let admin: User;

  beforeAll(async () => {
    world = await FileWorld.start();
    admin = await world.user({ role: 'admin' });
  });
  afterAll(() => world.stop());

  const download = (token: string, path: string): Promise<Response> =>
    send('GET', `${world.url}/api/v1${path}`, { token });
  const exported = async (userId: string): Promise<Map<string, Buffer>> => {
    const answer = await download(admin.token, `/admin/users/${userId}/export`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/zip');
    return unzip(Buffer.from(await answer.arrayBuffer()));
  };
  const text = (content: string) => ({ name: 'notes ü/../x.txt', type: 'text/plain', bytes: Buffer.from(content) });

  async function userWithData(name: string): Promise<{ user: RegisteredUser; other: RegisteredUser; fileId: string }> {
    const [user, other] = [await world.register(name), await world.register(`${name}-other`)];
    const groupId = await world.group(user, [other]);
    const file = await world.ready(user, text('what is in the file') as never);
    const send = (who: RegisteredUser, body: object) => who.call('POST', `/conversations/${groupId}/messages`, body);
    const first = await send(user, { content: 'first version' });
    await user.call('PATCH', `/messages/${first.body.id}`, { content: 'second version' });
    await send(other, { content: 'words of another user' });
    await send(user, { content: 'with a file', attachment_ids: [file.id] });
    const gone = await send(user, { content: 'taken back' });
    await user.call('DELETE', `/messages/${gone.body.id}`);
    await user.call('PUT', `/messages/${first.body.id}/reactions/%F0%9F%91%8D`);
    const asked = await send(other, { poll: { question: 'Who?', options: ['me', 'you'] } });
    await user.call('PUT', `/messages/${asked.body.id}/poll/votes`, { option_ids: ['2'] });
    await user.call('PUT', `/users/${other.id}/block`);
    const later = { content: 'for later', send_at: new Date(Date.now() + 3_600_000).toISOString() };
    await user.call('POST', `/conversations/${groupId}/scheduled-messages`, later);
    await user.call('PUT', `/messages/${first.body.id}/saved`, {});
    await user.call('PUT', `/conversations/${groupId}/draft`, { content: 'begun' });
    const metadata = `filename ${Buffer.from('begun.txt').toString('base64')}`;
    const headers = { 'tus-resumable': '1.0.0', 'upload-length': '9', 'upload-metadata': metadata };
    await request('POST', `${world.url}/api/v1/uploads`, { token: user.token, headers });
    return { user, other, fileId: file.id as string };
  }

  it('contains the data of the account, and none of others', async () => {
    const { user, other, fileId } = await userWithData('exp-ana');
    const entries = await exported(user.id);
    const name = [...entries.keys()].find((key) => key.startsWith('files/'))!;
    expect([...entries.keys()].filter((key) => key !== name)).toEqual([
      'profile.json',
      'sessions.ndjson',
      'conversations.ndjson',
      'threads.ndjson',
      'blocks.ndjson',
      'invitations.ndjson',
      'join-requests.ndjson',
      'webhooks.ndjson',
      'votes.ndjson',
      'scheduled.ndjson',
      'hidden-messages.ndjson',
      'saved.ndjson',
      'drafts.ndjson',
      'uploads.ndjson',
      'files.ndjson',
      'messages.ndjson',
      'reactions.ndjson',
    ]);
    expect(JSON.parse(entries.get('profile.json')!.toString())).toMatchObject({
      id: user.id,
      email: 'exp-ana@example.com',
      ban: null,
    });
    expect(linesOf(entries.get('sessions.ndjson'))).toHaveLength(1);
    expect(linesOf(entries.get('conversations.ndjson'))).toMatchObject([{ type: 'group', role: 'owner' }]);
    expect(linesOf(entries.get('blocks.ndjson'))).toMatchObject([{ user_id: other.id }]);
    expect(linesOf(entries.get('messages.ndjson'))).toMatchObject([
      { content: 'second version', earlier_versions: [{ content: 'first version' }] },
      { content: 'with a file', file_ids: [fileId] },
    ]);
    expect(linesOf(entries.get('reactions.ndjson'))).toMatchObject([{ emoji: '👍' }]);
    expect(linesOf(entries.get('votes.ndjson'))).toMatchObject([{ option_ids: ['2'] }]);
    expect(linesOf(entries.get('scheduled.ndjson'))).toMatchObject([{ send: { content: 'for later' } }]);
    expect(linesOf(entries.get('saved.ndjson'))).toMatchObject([{ remind_at: null }]);
    expect(linesOf(entries.get('drafts.ndjson'))).toMatchObject([{ content: 'begun' }]);
    expect(linesOf(entries.get('uploads.ndjson'))).toMatchObject([{ name: 'begun.txt', length: 9, received: 0 }]);
    expect(linesOf(entries.get('files.ndjson'))).toMatchObject([{ id: fileId, status: 'ready' }]);
    expect(name).toMatch(new RegExp(`^files/${fileId}/[^/]+\\.txt$`));
    expect(entries.get(name)!.toString()).toBe('what is in the file');
    const all = Buffer.concat([...entries.values()]).toString();
    for (const foreign of ['words of another user', 'taken back', `${other.username}@`]) {
      expect(all).not.toContain(foreign);
    }
    const { body } = await admin.call('GET', `/admin/audit-log?target_id=${user.id}`);
    expect(body.data).toMatchObject([{ action: 'user.export', actor_id: admin.userId }]);
  });

  it('is the same when the user requests it', async () => {
    const { user } = await userWithData('exp-bo');
    const own = await unzip(Buffer.from(await (await download(user.token, '/users/me/export')).arrayBuffer()));
    const theirs = await exported(user.id);
    expect([...own.keys()]).toEqual([...theirs.keys()]);
    expect(own.get('messages.ndjson')!.toString()).toBe(theirs.get('messages.ndjson')!.toString());
  });

  it('contains no changes of a conversation after the user left, was removed, or it was deleted', async () => {
    const [owner, user] = [await world.register('exp-dee'), await world.register('exp-eve')];
    const [left, removed, deleted, present] = [
      await world.group(owner, [user]),
      await world.group(owner, [user]),
      await world.group(owner, [user]),
      await world.group(owner, [user]),
    ];
    await user.call('POST', `/conversations/${left}/leave`);
    await owner.call('DELETE', `/conversations/${removed}/participants/${user.id}`);
    for (const id of [left, removed, deleted, present]) {
      expect((await owner.call('PATCH', `/conversations/${id}`, { title: 'a secret title' })).status).toBe(200);
    }
    expect((await owner.call('DELETE', `/conversations/${deleted}`)).status).toBe(204);
    const lines = linesOf((await exported(user.id)).get('conversations.ndjson'));
    expect(new Map(lines.map(({ id, title }) => [id as string, title as string | null]))).toEqual(
      new Map([
        [left, null],
        [removed, null],
        [deleted, null],
        [present, 'a secret title'],
      ]),
    );
  });

  it('reads conversations of thousands of messages in pages', async () => {
    const user = await world.register('exp-much');
    const groupId = await world.group(user);
    await world.database.query(
      `with n as (select generate_series(1, 4500) as i),
       h as (update stream_heads set last_number = last_number + 4500 where stream_id = $1 returning last_number - 4500 as base)
       insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at)
       select gen_random_uuid(), $1, h.base + n.i, 1000 + n.i, $2, 'text', 'word ' || n.i, now() from n, h`,
      [groupId, user.id],
    );
    const most: number[] = [];
    const repository = world.get(ExportRepository);
    for await (const page of repository.content('messages', user.id)) most.push(page.length);
    expect(Math.max(...most)).toBeLessThanOrEqual(1000);
    const lines = linesOf((await exported(user.id)).get('messages.ndjson'));
    expect(lines.map(({ content }) => content as string)).toEqual(
      Array.from({ length: 4500 }, (_, i) => `word ${i + 1}`),
    );
  });

  it('is recognisably incomplete if it fails, and is closed if the client disconnects', async () => {
    const { user } = await userWithData('exp-cid');
    const repository = world.get(ExportRepository);
    const content = jest.spyOn(repository, 'content').mockImplementation(() => {
      throw new Error('the database is gone');
    });
    const broken = download(user.token, '/users/me/export').then((answer) => answer.arrayBuffer());
    await expect(broken).rejects.toThrow();
    content.mockRestore();
    const exports = world.get(ExportAccount);
    const actor = { userId: user.id, sessionId: (await world.user()).sessionId } as User;
    await expect(exports.exportOwn(actor)).rejects.toMatchObject({ code: 'AUTHENTICATION_REQUIRED' });
    for (let i = 0; i < 10; i++) {
      const archive = await exports.export(admin, user.id);
      const closed = new Promise((resolve) => archive.once('close', resolve));
      archive.destroy();
      await closed;
    }
    expect((await exported(user.id)).size).toBeGreaterThan(5);
  });

  it('is for admins only, and for existing accounts', async () => {
    const [moderator, user] = [await world.user({ role: 'moderator' }), await world.user()];
    for (const [who, status] of [
      [moderator, 403],
      [user, 403],
    ] as const) {
      expect((await who.call('GET', `/admin/users/${admin.userId}/export`)).status).toBe(status);
    }
    const unknown = '/admin/users/01890000-0000-7000-8000-000000000000/export';
    expect((await admin.call('GET', unknown)).status).toBe(404);
  });
});
