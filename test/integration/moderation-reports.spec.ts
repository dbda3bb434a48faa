import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('POST /reports', () => {
  let world: World;
  let admin: User;
  let moderators: User[];
  let owner: User;
  let author: User;
  let reader: User;
  let id: string;

  beforeAll(async () => {
    world = await World.start();
    admin = await world.user({ role: 'admin' });
    moderators = await Promise.all(['a', 'b', 'c', 'd'].map(() => world.user({ role: 'moderator' })));
  });

  afterAll(() => world.stop());

  beforeEach(async () => {
    [owner, author, reader] = await world.users(3);
    id = await world.group(owner, [author, reader]);
  });

  const send = async (actor: User, content: string): Promise<string> =>
    (await actor.call('POST', `/conversations/${id}/messages`, { content })).body.id as string;
  const report = (actor: User, type: string, targetId: string, more: object = {}) =>
    actor.call('POST', '/reports', { target_type: type, target_id: targetId, category: 'spam', ...more });
  const act = (actor: User, reportId: string, what: string, body?: object) =>
    actor.call('POST', `/admin/reports/${reportId}/${what}`, body);
  const get = async (reportId: string) => (await moderators[0]!.call('GET', `/admin/reports/${reportId}`)).body;
  /** A reported message. */
  const reported = async (): Promise<{ messageId: string; reportId: string }> => {
    const messageId = await send(author, 'buy this');
    return { messageId, reportId: (await report(reader, 'message', messageId)).body.id as string };
  };
  const actionsOn = async (targetId: string): Promise<string[]> =>
    (await admin.call('GET', `/admin/audit-log?target_id=${targetId}`)).body.data
      .map(({ action }: { action: string }) => action)
      .reverse();

  describe('by users', () => {
    it('reaches the moderators with surrounding messages and the reported user', async () => {
      for (let i = 1; i <= 7; i++) await send(reader, `before ${i}`);
      const messageId = await send(author, 'buy this');
      for (let i = 1; i <= 7; i++) await send(reader, `after ${i}`);
      const [mine, theirs] = [await moderators[0]!.webSocket(), await author.webSocket()];

      const made = await report(reader, 'message', messageId, { category: 'harassment', comment: 'again and again' });
      expect(made).toMatchObject({ status: 201, body: { target_id: messageId, category: 'harassment' } });
      await report(owner, 'message', messageId);

      const news = await mine.first('report.created');
      expect(news.data).toEqual({ report_id: made.body.id, target_type: 'message', category: 'harassment' });
      const details = await get(made.body.id as string);
      expect(details).toMatchObject({
        reporter_id: reader.userId,
        conversation_id: id,
        comment: 'again and again',
        status: 'open',
        context: {
          reporter_count: 2,
          conversation_title: 'A group',
          subject: { id: author.userId, past_reports: 1, past_sanctions: 0, warnings: 0, is_banned: false },
        },
      });
      expect(details.context.messages.map(({ content }: { content: string }) => content)).toEqual([
        ...[3, 4, 5, 6, 7].map((i) => `before ${i}`),
        'buy this',
        ...[1, 2, 3, 4, 5].map((i) => `after ${i}`),
      ]);
      await theirs.request('ping');
      expect(JSON.stringify(theirs.frames)).not.toContain('report');
    });

    it('accepts only targets that the reporter can see', async () => {
      const stranger = await world.user();
      const messageId = await send(author, 'among us');
      const missing = { status: 404, body: { error: { code: 'REPORT_TARGET_NOT_FOUND' } } };
      for (const [type, target] of [
        ['message', messageId],
        ['conversation', id],
        ['message', id],
        ['user', id],
        ['conversation', messageId],
      ] as const) {
        expect(await report(stranger, type, target)).toMatchObject(missing);
      }
      expect((await report(stranger, 'user', author.userId)).status).toBe(201);
      expect((await report(reader, 'conversation', id)).status).toBe(201);
      const room = await owner.call('POST', '/conversations', { type: 'room', title: 'Open to all' });
      expect((await report(stranger, 'conversation', room.body.id as string)).status).toBe(201);
      await author.call('DELETE', `/messages/${messageId}`);
      expect(await report(reader, 'message', messageId)).toMatchObject(missing);
    });

    it('rejects a report of oneself', async () => {
      expect((await report(author, 'user', author.userId)).status).toBe(400);
      expect((await report(author, 'message', await send(author, 'mine'))).status).toBe(400);
    });

    it('accepts one open report of a target from a user, even for simultaneous requests', async () => {
      const messageId = await send(author, 'buy this');
      const made = await Promise.all(Array.from({ length: 8 }, () => report(reader, 'message', messageId)));
      expect(made.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(7).fill(409)]);
      const open = made.find(({ status }) => status === 201)!.body.id as string;
      await act(moderators[0]!, open, 'resolve', { outcome: 'dismissed' });
      expect((await report(reader, 'message', messageId)).status).toBe(201);
    });

    it('is limited', async () => {
      const there = await World.start({ RATE_LIMIT_MULTIPLIER: '1', LIMIT_REPORT: '3' });
      try {
        const [busy, ...others] = await there.users(5);
        const answers = [];
        for (const { userId } of others) {
          const body = { target_type: 'user', target_id: userId, category: 'spam' };
          answers.push((await busy.at(there).call('POST', '/reports', body)).status);
        }
        expect(answers).toEqual([201, 201, 201, 429]);
      } finally {
        await there.stop();
      }
    });
  });

  describe('in the queue of moderators', () => {
    it('is visible to moderators and admins only', async () => {
      const { reportId } = await reported();
      for (const actor of [owner, author, reader]) {
        expect((await actor.call('GET', '/admin/reports')).status).toBe(403);
        expect((await actor.call('GET', `/admin/reports/${reportId}`)).status).toBe(403);
        expect((await actor.call('PATCH', `/admin/reports/${reportId}`, { note: 'x' })).status).toBe(403);
        for (const what of ['claim', 'release']) expect((await act(actor, reportId, what)).status).toBe(403);
        expect((await act(actor, reportId, 'resolve', { outcome: 'dismissed' })).status).toBe(403);
      }
      expect((await get(reportId)).status).toBe('open');
    });

    it('is listed with the longest waiting first, in pages, by status and category', async () => {
      const ids = [];
      for (let i = 0; i < 5; i++) {
        ids.push((await report(await world.user(), 'user', author.userId, { category: 'hate' })).body.id);
      }
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const page = (await moderators[0]!.call('GET', `/admin/reports?status=open&category=hate&limit=2${more}`)).body;
        seen.push(...page.data.map((row: { id: string }) => row.id));
        cursor = page.next_cursor as string | null;
      }
      expect(seen).toEqual(ids);
      await act(moderators[0]!, ids[0] as string, 'resolve', { outcome: 'dismissed' });
      const left = await moderators[0]!.call('GET', '/admin/reports?category=hate');
      expect(left.body.data).toHaveLength(4);
      const done = await moderators[0]!.call('GET', '/admin/reports?category=hate&status=resolved');
      expect(done.body.data.map((row: { id: string }) => row.id)).toEqual([ids[0]]);
    });

    it('is claimed by one of several moderators, and by no other until it is released', async () => {
      for (let cycle = 0; cycle < 8; cycle++) {
        const { reportId } = await reported();
        const answers = await Promise.all(moderators.map((moderator) => act(moderator, reportId, 'claim')));
        const winners = moderators.filter((_, index) => answers[index]!.status === 200);
        expect(winners).toHaveLength(1);
        const [winner] = winners;
        const loser = moderators.find((moderator) => moderator !== winner)!;
        const claimed = { status: 409, body: { error: { code: 'REPORT_CLAIMED' } } };
        expect(await act(loser, reportId, 'resolve', { outcome: 'removed' })).toMatchObject(claimed);
        expect(await act(loser, reportId, 'release')).toMatchObject(claimed);
        expect(await loser.call('PATCH', `/admin/reports/${reportId}`, { note: 'x' })).toMatchObject(claimed);
        expect(await get(reportId)).toMatchObject({ status: 'claimed', claimed_by: winner.userId });
        expect((await act(winner, reportId, 'release')).body).toMatchObject({ status: 'open', claimed_by: null });
        expect((await act(loser, reportId, 'claim')).status).toBe(200);
        expect((await act(admin, reportId, 'release')).status).toBe(200);
      }
    });

    it('becomes free after a claim of half an hour', async () => {
      const { reportId } = await reported();
      await act(moderators[0]!, reportId, 'claim');
      await world.database.query(`update reports set claimed_at = now() - interval '31 minutes' where id = $1`, [
        reportId,
      ]);
      expect(await get(reportId)).toMatchObject({ status: 'open', claimed_by: null, claimed_until: null });
      expect((await act(moderators[1]!, reportId, 'claim')).body).toMatchObject({ claimed_by: moderators[1]!.userId });
      expect((await act(moderators[0]!, reportId, 'resolve', { outcome: 'dismissed' })).status).toBe(409);
    });

    it('is hidden from the moderator it is about, who cannot resolve it', async () => {
      const moderator = await world.user({ role: 'moderator' });
      const group = await world.group(moderator, [reader]);
      const { body: message } = await moderator.call('POST', `/conversations/${group}/messages`, {
        content: 'hm',
      });
      const theirs = await moderator.webSocket();
      const admins = await admin.webSocket();
      const about: string[] = [];
      for (const [type, target] of [
        ['user', moderator.userId],
        ['message', message.id],
        ['conversation', group],
      ] as const) {
        about.push((await report(reader, type, target as string, { comment: 'it was them' })).body.id as string);
      }
      const other = (await report(reader, 'user', author.userId)).body.id as string;
      await theirs.first(({ type, data }) => type === 'report.created' && data?.report_id === other);
      await admins.first(({ type, data }) => type === 'report.created' && data?.report_id === other);
      const reportsSentTo = ({ frames }: typeof theirs): unknown[] =>
        frames.flatMap(({ type, data }) => (type === 'report.created' ? [data!.report_id] : []));
      expect(reportsSentTo(theirs)).toEqual([other]);
      expect(reportsSentTo(admins)).toEqual([...about, other]);

      const listed = JSON.stringify((await moderator.call('GET', '/admin/reports?limit=100')).body);
      expect(listed).toContain(other);
      for (const reportId of about) {
        expect(listed).not.toContain(reportId);
        const gone = { status: 404, body: { error: { code: 'REPORT_NOT_FOUND' } } };
        expect(await moderator.call('GET', `/admin/reports/${reportId}`)).toMatchObject(gone);
        expect(await moderator.call('PATCH', `/admin/reports/${reportId}`, { note: 'x' })).toMatchObject(gone);
        expect(await act(moderator, reportId, 'claim')).toMatchObject(gone);
        expect(await act(moderator, reportId, 'resolve', { outcome: 'dismissed' })).toMatchObject(gone);
        expect((await act(admin, reportId, 'resolve', { outcome: 'dismissed' })).status).toBe(200);
      }
      const own = (await report(reader, 'user', admin.userId)).body.id as string;
      expect((await admin.call('GET', `/admin/reports/${own}`)).status).toBe(200);
      expect((await act(admin, own, 'resolve', { outcome: 'dismissed' })).status).toBe(403);
    });

    it('lets moderators read the conversation around it without joining, and every page is audited', async () => {
      for (let i = 1; i <= 9; i++) await send(reader, `before ${i}`);
      const { messageId, reportId } = await reported();
      for (let i = 1; i <= 9; i++) await send(reader, `after ${i}`);
      const read = (user: User, query: string) => user.call('GET', `/admin/reports/${reportId}/messages?${query}`);
      const numbers = ({ data }: { data: { sequence_number: number }[] }) => data.map((one) => one.sequence_number);
      const { body: around } = await read(moderators[0]!, 'limit=4');
      expect([numbers(around), around.has_older, around.has_newer]).toEqual([[12, 11, 10, 9], true, true]);
      const { body: older } = await read(moderators[0]!, `limit=4&cursor=${around.next_cursor}`);
      expect(numbers(older)).toEqual([8, 7, 6, 5]);
      const { body: newer } = await read(moderators[0]!, 'limit=4&after_number=12');
      expect(numbers(newer)).toEqual([13, 14, 15, 16]);
      const entries = (await admin.call('GET', `/admin/audit-log?target_id=${id}`)).body.data;
      expect(entries).toHaveLength(3);
      expect(entries[0]).toMatchObject({
        action: 'report.read_conversation',
        actor_id: moderators[0]!.userId,
        after: { report_id: reportId, first_number: 13, last_number: 16 },
      });
      for (const user of [owner, author]) expect((await read(user, '')).status).toBe(403);
      expect((await moderators[0]!.call('GET', `/conversations/${id}/messages`)).status).toBe(403);
      const ofUser = (await report(reader, 'user', author.userId)).body.id;
      const refused = await moderators[0]!.call('GET', `/admin/reports/${ofUser}/messages`);
      expect(refused).toMatchObject({ status: 404, body: { error: { code: 'CONVERSATION_NOT_FOUND' } } });
      expect(messageId).toBe(around.data[2].id);
    });

    it('lets moderators delete any message without joining, with a reason, and is audited', async () => {
      const messageId = await send(author, 'buy this');
      const remove = (user: User, body: object) => user.call('DELETE', `/admin/messages/${messageId}`, body);
      expect((await remove(owner, { reason: 'spam' })).status).toBe(403);
      expect((await remove(moderators[0]!, {})).status).toBe(400);
      const socket = await reader.webSocket();
      expect((await remove(moderators[0]!, { reason: 'spam' })).status).toBe(204);
      const { data } = await socket.next('message.deleted');
      expect(data.message).toMatchObject({ id: messageId, content: '', is_deleted: true });
      expect((await remove(moderators[0]!, { reason: 'spam' })).status).toBe(204);
      expect(await actionsOn(messageId)).toEqual(['message.take_down']);
      expect((await moderators[0]!.call('GET', `/messages/${messageId}`)).status).toBe(403);
    });

    it('accepts a note and another category', async () => {
      const { reportId } = await reported();
      const path = `/admin/reports/${reportId}`;
      const changed = await moderators[0]!.call('PATCH', path, {
        category: 'illegal',
        note: 'ask',
        status: 'claimed',
      });
      expect(changed.body).toMatchObject({ category: 'illegal', note: 'ask', status: 'claimed' });
      expect((await moderators[0]!.call('PATCH', path, { status: 'open' })).body.status).toBe('open');
      expect((await moderators[0]!.call('PATCH', path, { status: 'resolved' })).status).toBe(400);
    });
  });

  describe('when it is resolved', () => {
    it('deletes the message for all participants, and resolves all its reports', async () => {
      const { messageId, reportId } = await reported();
      const second = (await report(owner, 'message', messageId)).body.id as string;
      const device = await reader.webSocket();
      const done = await act(moderators[0]!, reportId, 'resolve', { outcome: 'removed', note: 'an advert' });
      expect(done).toMatchObject({
        status: 200,
        body: { status: 'resolved', outcome: 'removed', note: 'an advert', resolved_by: moderators[0]!.userId },
      });
      const gone = await device.first('message.deleted');
      expect(gone.data).toMatchObject({ message: { id: messageId, content: '', is_deleted: true } });
      expect(await get(second)).toMatchObject({ status: 'resolved', outcome: 'removed' });
      expect(await actionsOn(messageId)).toEqual(['message.take_down']);
      expect(await actionsOn(reportId)).toEqual(['report.claim', 'report.resolve']);
      expect((await act(moderators[1]!, reportId, 'resolve', { outcome: 'banned' })).body.error.code).toBe(
        'REPORT_RESOLVED',
      );
    });

    it('warns the author, on every device and after reconnecting, without naming the moderator', async () => {
      const { reportId } = await reported();
      const device = await author.webSocket();
      await act(moderators[0]!, reportId, 'resolve', {
        outcome: 'warned',
        user_message: 'No adverts, please.',
        note: 'secret',
      });
      const warned = await device.first('user.warned');
      expect(warned.data).toMatchObject({ warning: { category: 'spam', message: 'No adverts, please.' } });
      expect(JSON.stringify(device.frames)).not.toContain(moderators[0]!.userId);
      expect(JSON.stringify(device.frames)).not.toContain('secret');
      const [row] = await world.database.query<{ count: string }>(
        `select count(*) as count from events where stream_id = $1 and type = 'user.warned'`,
        [author.userId],
      );
      expect(row!.count).toBe('1');
      expect(await actionsOn(author.userId)).toContain('user.warn');
      const next = (await report(reader, 'user', author.userId)).body.id as string;
      expect((await get(next)).context.subject).toMatchObject({ warnings: 1, past_reports: 1, past_sanctions: 1 });
    });

    it('bans the author', async () => {
      const { reportId } = await reported();
      const device = await author.webSocket();
      const until = new Date(Date.now() + 86_400_000).toISOString();
      const done = await act(moderators[0]!, reportId, 'resolve', {
        outcome: 'banned',
        user_message: 'Adverts.',
        until,
      });
      expect(done.body).toMatchObject({
        status: 'resolved',
        outcome: 'banned',
        context: { subject: { is_banned: true } },
      });
      await device.closed;
      const refused = await author.call('GET', '/users/me');
      expect(refused).toMatchObject({ status: 403, body: { error: { code: 'ACCOUNT_BANNED' } } });
      expect(await actionsOn(author.userId)).toContain('user.ban');
    });

    it('does nothing if it is dismissed', async () => {
      const { messageId, reportId } = await reported();
      expect((await act(moderators[0]!, reportId, 'resolve', { outcome: 'dismissed' })).status).toBe(200);
      expect((await reader.call('GET', `/messages/${messageId}`)).body.content).toBe('buy this');
      expect(await actionsOn(author.userId)).toEqual([]);
    });

    it('deletes a conversation, if an admin resolves it', async () => {
      const { body } = await report(reader, 'conversation', id);
      expect((await act(moderators[0]!, body.id as string, 'resolve', { outcome: 'removed' })).status).toBe(403);
      await act(moderators[0]!, body.id as string, 'release');
      expect((await act(admin, body.id as string, 'resolve', { outcome: 'removed' })).status).toBe(200);
      expect((await owner.call('GET', `/conversations/${id}`)).status).toBe(404);
    });

    it('rejects removing a user, and banning a user of equal rank', async () => {
      const about = (await report(reader, 'user', author.userId)).body.id as string;
      expect((await act(moderators[0]!, about, 'resolve', { outcome: 'removed' })).body.error.code).toBe(
        'OUTCOME_NOT_POSSIBLE',
      );
      const above = (await report(reader, 'user', admin.userId)).body.id as string;
      expect((await act(moderators[0]!, above, 'resolve', { outcome: 'banned' })).status).toBe(403);
      expect((await get(above)).status).toBe('claimed');
      expect((await admin.call('GET', '/users/me')).status).toBe(200);
    });

    it('is applied once by simultaneous requests', async () => {
      for (let cycle = 0; cycle < 5; cycle++) {
        const { reportId } = await reported();
        const answers = await Promise.all(
          moderators.map((moderator, index) =>
            act(moderator, reportId, 'resolve', { outcome: index % 2 ? 'warned' : 'dismissed', user_message: 'once' }),
          ),
        );
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
        const { outcome } = await get(reportId);
        const warnings = await world.database.query(`select from user_warnings where report_id = $1`, [reportId]);
        expect(warnings).toHaveLength(outcome === 'warned' ? 1 : 0);
      }
    });

    it('is resumed after an interruption, and warns once', async () => {
      const { reportId } = await reported();
      await act(moderators[0]!, reportId, 'resolve', { outcome: 'warned' });
      await world.database.query(
        `update reports set status = 'claimed', claimed_by = $2, claimed_at = now(), outcome = null, resolved_by = null
          where id = $1`,
        [reportId, moderators[0]!.userId],
      );
      expect((await act(moderators[0]!, reportId, 'resolve', { outcome: 'warned' })).status).toBe(200);
      expect(await world.database.query(`select from user_warnings where report_id = $1`, [reportId])).toHaveLength(1);
    });

    it('requires the current role of a moderator', async () => {
      const moderator = await world.user({ role: 'moderator' });
      const { reportId } = await reported();
      await act(moderator, reportId, 'claim');
      await world.database.query(`update users set role = 'user' where id = $1`, [moderator.userId]);
      expect((await act(moderator, reportId, 'resolve', { outcome: 'removed' })).status).toBe(403);
    });
  });
});
