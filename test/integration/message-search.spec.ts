import pg from 'pg';
import { MessageIndexRepository } from '../../src/modules/messages/message-index.repository.js';
import { SearchSnapshot } from '../../src/modules/messages/message-search.repository.js';
import { indexFormOf } from '../../src/modules/messages/message-indexer.js';
import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import type { HttpResponse } from '../support/client/http.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('GET /search/messages', () => {
  let world: World;
  let index: MessageIndexRepository;
  let ana: User;
  let bo: User;

  beforeAll(async () => {
    world = await World.start({ SCHEDULE_DRY_RUN: 'true' });
    index = world.get(MessageIndexRepository);
    [ana, bo] = await world.users(2);
  });
  afterAll(() => world.stop());

  const send = async (groupId: string, content: string, by = ana): Promise<string> =>
    (await by.call('POST', `/conversations/${groupId}/messages`, { content })).body.id as string;
  const search = (q: string, more = '', by = bo): Promise<HttpResponse> =>
    by.call('GET', `/search/messages?q=${encodeURIComponent(q)}${more}`);
  const found = async (q: string, more = '', by = bo): Promise<string[]> =>
    (await search(q, more, by)).body.data.map(({ content }: { content: string }) => content) as string[];
  const form = indexFormOf('simple');
  const indexOf = async (groupId: string): Promise<{ rows: number; rest: boolean }> => {
    const [row] = await world.database.query<{ rows: number; rest: boolean }>(
      `select (select count(*)::int from message_search s where s.conversation_id = $1) as rows,
              exists (select from stream_heads h left join message_search_progress g on g.conversation_id = h.stream_id
                       where h.stream_id = $1 and (coalesce(g.indexed_from, 2) > 1 or g.indexed_to < h.last_number))
              or exists (select from message_search_changes e where e.conversation_id = $1) as rest`,
      [groupId],
    );
    return row!;
  };
  const indexAll = async (groupId: string): Promise<void> => {
    while ((await indexOf(groupId)).rest) await index.index([groupId], 100, form);
  };
  /** Runs `work` while nothing can be indexed. */
  const withoutIndexing = async (work: () => Promise<void>, lock = 'message_search_progress in share mode') => {
    const client = new pg.Client({ connectionString: world.database.url });
    await client.connect();
    try {
      await client.query(`begin; lock table ${lock}`);
      await work();
    } finally {
      await client.end();
    }
  };
  const everyPage = async (q: string, more: string, by = bo): Promise<string[]> => {
    const contents: string[] = [];
    for (let cursor = ''; ;) {
      const { status, body } = await search(q, `${more}${cursor}`, by);
      expect({ status, error: body.error }).toEqual({ status: 200, error: undefined });
      contents.push(...body.data.map(({ content }: { content: string }) => content));
      if (!body.has_more) return contents;
      cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`;
    }
  };

  it.each([
    ['завтра', 'Завтра в десять'],
    ['über', 'ÜBER den Wolken'],
    ['cafe', 'a café'],
    ['thanks', 'thanks😀'],
    ['hello', '“hello”'],
    ['dont', 'we don’t'],
    ["don't", 'we don’t'],
    ['main', 'look at src/main.ts'],
    ['https://example.com/path?x=1', 'see https://example.com/path?x=1 now'],
    ['日本語', 'これは日本語の文です'],
    ['서울', '나는서울에서'],
    ['ไทย', 'ประเทศไทยสวย'],
    ['need', 'a needle in hay'],
  ])('finds by %s the content %s, before and after it is indexed', async (query, content) => {
    const groupId = await world.group(ana, [bo]);
    await withoutIndexing(async () => {
      await send(groupId, content);
      await send(groupId, 'something else');
      expect(await found(query, `&conversation_id=${groupId}`)).toEqual([content]);
      expect((await indexOf(groupId)).rows).toBe(0);
    });
    await indexAll(groupId);
    expect((await indexOf(groupId)).rows).toBe(2);
    expect(await found(query, `&conversation_id=${groupId}`)).toEqual([content]);
  });

  it('returns the position of each match as offsets, and markup as text', async () => {
    const groupId = await world.group(ana, [bo]);
    const content = `${'😀 '.repeat(200)}if (a < b) the Pélican; a pelican > ${'more '.repeat(100)}`;
    await send(groupId, content);
    const [hit] = (await search('pelican', `&conversation_id=${groupId}`)).body.data;
    expect(hit.content).toBe(content);
    expect(hit.highlight).toBe(hit.content.slice(hit.highlight_start, hit.highlight_start + hit.highlight.length));
    expect(hit.highlight).toContain('if (a < b) the Pélican; a pelican >');
    const marked = hit.matches.map(({ start, end }: { start: number; end: number }) => hit.highlight.slice(start, end));
    expect(marked).toEqual(['Pélican', 'pelican']);
  });

  it('finds a message by its current content, edited or deleted before or after it was indexed', async () => {
    const groupId = await world.group(ana, [bo]);
    const more = `&conversation_id=${groupId}`;
    const [early, gone] = [await send(groupId, 'first alpha'), await send(groupId, 'second alpha')];
    await indexAll(groupId);
    await withoutIndexing(async () => {
      await ana.call('PATCH', `/messages/${early}`, { content: 'first omega' });
      await ana.call('DELETE', `/messages/${gone}`);
      expect(await found('alpha', more)).toEqual([]);
      expect(await found('omega', more)).toEqual(['first omega']);
      const late = await send(groupId, 'third alpha');
      await ana.call('PATCH', `/messages/${late}`, { content: 'third omega' });
      expect(await found('alpha', more)).toEqual([]);
      expect(await found('omega', more)).toEqual(['third omega', 'first omega']);
    });
    await indexAll(groupId);
    expect(await found('alpha', more)).toEqual([]);
    expect(await found('omega', more)).toEqual(['third omega', 'first omega']);
    const [kept] = await world.database.query(
      `select count(*)::int as count from message_search where message_id = $1`,
      [gone],
    );
    expect(kept!.count).toBe(0);
  });

  it('returns every message once and in order, however much is indexed', async () => {
    const groupId = await world.group(ana, [bo]);
    const sent: string[] = [];
    await withoutIndexing(async () => {
      for (let n = 0; n < 40; n++) {
        sent.unshift(`tally ${n}`);
        await send(groupId, `tally ${n}`);
      }
      expect(await everyPage('tally', `&conversation_id=${groupId}&limit=7`)).toEqual(sent);
    });
    await world.database.query(`delete from message_search_progress where conversation_id = $1`, [groupId]);
    await world.database.query(`delete from message_search where conversation_id = $1`, [groupId]);
    for (let cycle = 0; (await indexOf(groupId)).rest; cycle++) {
      await index.index([groupId], 9, form);
      sent.unshift(`tally new ${cycle}`);
      await send(groupId, `tally new ${cycle}`);
      expect(await everyPage('tally', `&conversation_id=${groupId}&limit=7`)).toEqual(sent);
      if (cycle > 4) await indexAll(groupId);
    }
    expect((await indexOf(groupId)).rows).toBe(sent.length);
  });

  it('finds acknowledged messages while several processes index and others send', async () => {
    const groups = await Promise.all([1, 2, 3].map(() => world.group(ana, [bo])));
    let isSending = true;
    const indexer = async (): Promise<void> => {
      while (isSending) await index.index(groups, 3, form);
    };
    const sender = async (name: string): Promise<void> => {
      for (let n = 0; n < 25; n++) {
        const content = `swift${name}x${n}`;
        const id = await send(groups[n % 3]!, content);
        expect(await found(content)).toEqual([content]);
        if (n % 5 > 0) continue;
        await ana.call('PATCH', `/messages/${id}`, { content: `${content} changed${name}${n}` });
        expect(await found(`changed${name}${n}`)).toEqual([`${content} changed${name}${n}`]);
      }
    };
    const indexers = [indexer(), indexer()];
    await Promise.all(['a', 'b'].map(sender)).finally(() => (isSending = false));
    await Promise.all(indexers);
    expect((await everyPage('swift', '&limit=50')).length).toBe(50);
  });

  describe('with operators', () => {
    let groupId: string;
    let otherId: string;
    let cy: User;
    const texts: Record<string, string> = {};
    const upload = async (by: User, name: string, content: string): Promise<string> => {
      const form = new FormData();
      form.append('file', new Blob([content], { type: 'text/plain' }), name);
      return (await by.call('POST', '/files', form)).body.id as string;
    };

    beforeAll(async () => {
      cy = await world.user();
      groupId = await world.group(ana, [bo, cy], { title: 'Café Plans' });
      otherId = await world.group(ana, [bo, cy], { title: 'Other things' });
      const write = async (name: string, by: User, body: object, to = groupId): Promise<void> => {
        const { status, body: sent } = await by.call('POST', `/conversations/${to}/messages`, body);
        expect(status).toBe(201);
        texts[sent.id as string] = name;
      };
      await write('word', ana, { content: 'a teapot' });
      await write('link', cy, { content: 'teapot at https://example.com/kettle' });
      await write('file', cy, { content: '', attachment_ids: [await upload(cy, 'teapot of June.txt', 'tea')] });
      await write('mention', ana, { content: 'teapot for you', mentions: [bo.userId] });
      await write('all', ana, { content: 'teapot for all', mentions: { users: [], all: true } });
      await write('other', ana, { content: 'teapot elsewhere' }, otherId);
    });

    const named = async (q: string, more = ''): Promise<string[]> => {
      const { status, body } = await search(q, more);
      expect({ status, error: body.error }).toEqual({ status: 200, error: undefined });
      return body.data.map(({ id }: { id: string }) => texts[id] ?? '?') as string[];
    };
    const cases = (): [string, string[]][] => [
      ['teapot', ['other', 'all', 'mention', 'file', 'link', 'word']],
      [`teapot from:${cy.username}`, ['file', 'link']],
      [`from:@${cy.username}`, ['file', 'link']],
      [`teapot -from:${cy.userId}`, ['other', 'all', 'mention', 'word']],
      [`from:${cy.username} from:${ana.username} in:${groupId}`, ['all', 'mention', 'file', 'link', 'word']],
      ['from:nobody-of-this-name teapot', []],
      ['from:me', []],
      ['teapot in:"cafe plans"', ['all', 'mention', 'file', 'link', 'word']],
      ['in:"Other things" teapot', ['other']],
      ['teapot in:unknown', []],
      ['has:link teapot', ['link']],
      ['has:file', ['file']],
      ['has:document june', ['file']],
      ['has:image', []],
      ['teapot -has:link -has:file', ['other', 'all', 'mention', 'word']],
      ['mentions:me', ['all', 'mention']],
      ['teapot -mentions:me', ['other', 'file', 'link', 'word']],
      ['"teapot of june"', ['file']],
      ['teapot before:2020-01-01', []],
      ['teapot after:2020-01-01 has:link', ['link']],
      ['teapot after:2999-01-01T10:00:00+02:00', []],
      ['"has:link"', []],
      ['has:teapot', []],
      ['in:"Other things"', []],
    ];

    it('finds by sender, place, content, mention, time and the names of files, before and after they are indexed', async () => {
      await withoutIndexing(async () => {
        for (const [query, found] of cases()) expect([query, await named(query)]).toEqual([query, found]);
      });
      await indexAll(groupId);
      await indexAll(otherId);
      for (const [query, found] of cases()) expect([query, await named(query)]).toEqual([query, found]);
    });

    it('finds no deleted message by its file, its sender or its mentions', async () => {
      const place = await world.group(ana, [bo]);
      const attached = await upload(ana, 'samovar.txt', 'tea');
      const { body } = await ana.call('POST', `/conversations/${place}/messages`, {
        content: '',
        attachment_ids: [attached],
        mentions: [bo.userId],
      });
      await indexAll(place);
      const queries = ['samovar', `from:${ana.username}`, 'mentions:me', 'has:file'];
      for (const query of queries) expect(await named(query, `&conversation_id=${place}`)).toHaveLength(1);
      await ana.call('DELETE', `/messages/${body.id as string}`);
      for (const query of queries) expect(await named(query, `&conversation_id=${place}`)).toEqual([]);
      await indexAll(place);
      expect((await indexOf(place)).rows).toBe(0);
    });

    it('indexes again what an older version has indexed', async () => {
      await world.database.query(
        `update message_search set index_form = '', words = to_tsvector('simple', 'teapot') where conversation_id = $1`,
        [groupId],
      );
      const query = `has:link in:${groupId}`;
      expect(await named(query)).toEqual([]);
      while ((await index.renew(2, form)) > 0);
      expect(await named(query)).toEqual(['link']);
    });

    it('orders by how well the messages match, over several pages', async () => {
      const place = await world.group(ana, [bo]);
      await send(place, 'plum plum plum');
      await send(place, 'a plum among many other words of this long message');
      await send(place, 'plummet');
      const ranked = async (more: string): Promise<string[]> => everyPage('plum', `&conversation_id=${place}${more}`);
      expect(await ranked('')).toEqual([
        'plummet',
        'a plum among many other words of this long message',
        'plum plum plum',
      ]);
      const best = ['plum plum plum', 'plummet', 'a plum among many other words of this long message'];
      expect(await ranked('&sort=rank')).toEqual(best);
      expect(await ranked('&sort=rank&limit=1')).toEqual(best);
    });
  });

  it('limits its work: short pages continue until everything has been searched', async () => {
    const groupId = await world.group(ana, [bo]);
    await withoutIndexing(async () => {
      await world.database.query(
        `insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at)
         select gen_random_uuid(), $1, n, n, $2, 'text', case when n = 3 then 'deep treasure' else 'hay' end,
                now() - (20000 - n) * interval '1 second' from generate_series(1, 20000) n`,
        [groupId, ana.userId],
      );
      await world.database.query(`update stream_heads set last_number = 20000 where stream_id = $1`, [groupId]);
      const { body } = await search('treasure', `&conversation_id=${groupId}`);
      expect(body).toMatchObject({ data: [], has_more: true });
      expect(await everyPage('treasure', `&conversation_id=${groupId}`)).toEqual(['deep treasure']);
    });
    // Excluded from the tests that index everything.
    await world.database.query(
      `insert into message_search_progress values ($1, 1, 20000)
      on conflict (conversation_id) do update set indexed_from = 1, indexed_to = 20000`,
      [groupId],
    );
  });

  it('indexes messages that no process has indexed', async () => {
    const groupId = await world.group(ana, [bo]);
    await world.database.query(
      `insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at)
       select gen_random_uuid(), $1, n, n, $2, 'text', 'Altbestand ' || n, now() from generate_series(1, 30) n`,
      [groupId, ana.userId],
    );
    await world.database.query(`update stream_heads set last_number = 30 where stream_id = $1`, [groupId]);
    expect(await found('altbestand', '&limit=50')).toHaveLength(30);
    const schedule = world.get(ScheduledTasks);
    while ((await schedule.run('message-index', { isDryRun: false }))!.messages! > 0);
    expect((await indexOf(groupId)).rows).toBe(30);
  });

  it('finds everything in many conversations, by words and by time, and nothing of other users', async () => {
    const cy = await world.user();
    const own = await Promise.all(Array.from({ length: 40 }, () => world.group(ana, [cy])));
    const foreign = await world.group(ana, [bo]);
    await world.database.query(
      `with m as (
         insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at)
         select gen_random_uuid(), c.id, n, 100 + n, $2, 'text', 'tern gull ' || n, now() - n * interval '1 hour'
           from unnest($1::uuid[]) c (id), generate_series(1, 100) n returning conversation_id
       )
       update stream_heads set last_number = 100, last_seq = 200 where stream_id = any($1::uuid[])`,
      [[...own, foreign], ana.userId],
    );
    for (const id of [...own, foreign]) await indexAll(id);
    await world.database.query('vacuum analyze message_search');
    const asked = jest.spyOn(SearchSnapshot.prototype, 'indexed');
    const plans = new Set<string>();
    for (const [query, count] of [
      ['tern', 4000],
      ['tern gull', 4000],
      ['gull 77', 40],
    ] as const) {
      const contents = await everyPage(query, '&limit=100', cy);
      expect(contents).toHaveLength(count);
      const [, { isTimeOnly, indexed }] = asked.mock.lastCall!;
      plans.add(`${indexed === undefined ? 'time' : 'words and time'}${isTimeOnly ? '' : ' and place'}`);
    }
    asked.mockRestore();
    expect([...plans]).toEqual(['time', 'words and time']);
    expect(await everyPage('tern', `&conversation_id=${own[0]!}&limit=100`, cy)).toHaveLength(100);
  });

  it('finds nothing in conversations that were left or deleted', async () => {
    const groupId = await world.group(ana, [bo]);
    await send(groupId, 'parting words');
    await indexAll(groupId);
    expect(await found('parting')).toHaveLength(1);
    await bo.call('POST', `/conversations/${groupId}/leave`);
    await send(groupId, 'parting later');
    expect(await found('parting')).toEqual([]);
    expect(await found('parting', '', ana)).toHaveLength(2);
    await ana.call('DELETE', `/conversations/${groupId}`);
    expect(await found('parting', '', ana)).toEqual([]);
  });

  it.each([
    '-'.repeat(256),
    '"',
    "'",
    '\\',
    ':*',
    '& | ! ( <->',
    '-a',
    'a'.repeat(256),
    '\u{1F600}\uFE0F',
    '<->'.repeat(80),
  ])('accepts %j as a query', async (query) => {
    expect((await search(query)).status).toBe(200);
  });

  /** The maximum number of searches that wait for a lock at the same time during `work`. */
  const maxSearchesDuring = async (work: Promise<unknown>): Promise<number> => {
    let isDone = false;
    void work.finally(() => (isDone = true));
    let most = 0;
    while (!isDone) {
      const taken = await world.database.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
            and query like '%tsquery%'`,
      );
      most = Math.max(most, taken.length);
    }
    return most;
  };

  it('runs two searches at a time for one user, and serves others', async () => {
    await withoutIndexing(async () => {
      const answers = [search('a'), search('b'), search('c')];
      expect(await Promise.race(answers)).toMatchObject({
        status: 429,
        body: { error: { code: 'TOO_MANY_SEARCHES' } },
      });
      expect((await search('b', '', ana)).status).toBe(503); // tried for a second and not refused
    }, 'message_search in access exclusive mode');
    expect((await search('a')).status).toBe(200);
  });

  it('uses at most half of the connections for many accounts, and returns 503 after a long wait', async () => {
    const greedy = await world.users(60);
    const groupId = await world.group(
      ana,
      [bo, ...greedy].map((actor): [User, 'participant'] => [actor, 'participant']),
    );
    await withoutIndexing(async () => {
      const answers = greedy.flatMap((actor) => [search('a', '', actor), search('b', '', actor)]);
      expect(await Promise.race(answers)).toMatchObject({
        status: 503,
        body: { error: { code: 'SERVICE_UNAVAILABLE' } },
      });
      const mostTaken = maxSearchesDuring(Promise.all(answers));
      const { status } = await ana.call('GET', `/conversations/${groupId}/messages`);
      expect(status).toBe(200);
      expect(await bo.call('POST', `/conversations/${groupId}/messages`, { content: 'as ever' })).toMatchObject({
        status: 201,
      });
      expect(await mostTaken).toBe(world.config.databasePoolSize / 2);
    }, 'message_search in access exclusive mode');
    expect((await search('as ever')).status).toBe(200);
  });
});
