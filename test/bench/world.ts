import { JwtService } from '@nestjs/jwt';
import pg from 'pg';
import { AccessTokens, jwtOptions } from '../../src/modules/auth/access-tokens.js';
import { Config } from '../../src/platform/config/config.js';
import { newId } from '../../src/platform/database/ids.js';
import { RATE_LIMITS } from '../../src/rate-limits.js';

const TOKEN_SECONDS = 3600;

/** A user with a session and its access token. */
export interface Person {
  readonly id: string;
  readonly token: string;
}

/**
 * Users and conversations, created in SQL and with the program's own tokens: no password is hashed for a measurement.
 */
export class World {
  private readonly pool: pg.Pool;
  private readonly tokens: AccessTokens;

  constructor(databaseUrl: string, jwtSecret: string) {
    this.pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
    this.pool.on('error', () => undefined);
    const config = Config.load({ JWT_SECRET: jwtSecret }, RATE_LIMITS);
    this.tokens = new AccessTokens(new JwtService(jwtOptions(config)), config);
  }

  async query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  async people(count: number): Promise<Person[]> {
    const rows = Array.from({ length: count }, () => ({ id: newId(), sessionId: newId() }));
    const ids = rows.map(({ id }) => id);
    const names = ids.map((id) => `bench.${id.slice(-12)}`); // another world over the same data creates others
    await this.query(
      `insert into users (id, username, display_name) select * from unnest($1::uuid[], $2::text[], $2::text[])`,
      [ids, names],
    );
    await this.query(`insert into stream_heads (stream_id) select unnest($1::uuid[])`, [ids]);
    await this.query(
      `insert into sessions (id, user_id, expires_at)
       select id, user_id, now() + interval '1 day' from unnest($1::uuid[], $2::uuid[]) as s (id, user_id)`,
      [rows.map(({ sessionId }) => sessionId), ids],
    );
    return rows.map(({ id, sessionId }) => ({
      id,
      token: this.tokens.sign({ userId: id, sessionId, ttlSeconds: TOKEN_SECONDS }),
    }));
  }

  /** Groups with empty streams, one for each list of users. Returns their ids. */
  async groups(circles: readonly (readonly Person[])[]): Promise<string[]> {
    const ids = circles.map(() => newId());
    await this.query(`insert into conversations (id, type, title) select unnest($1::uuid[]), 'group', 'bench'`, [ids]);
    await this.query(`insert into stream_heads (stream_id) select unnest($1::uuid[])`, [ids]);
    const seats = circles.flatMap((people, index) =>
      people.map((person) => ({ place: ids[index], person: person.id })),
    );
    await this.query(
      `insert into participants (conversation_id, user_id, joined_seq)
       select place, person, 0 from unnest($1::uuid[], $2::uuid[]) as s (place, person)`,
      [seats.map(({ place }) => place), seats.map(({ person }) => person)],
    );
    return ids;
  }

  /** So that no row pays for the writes of the one before, and the planner has statistics. */
  async settle(): Promise<void> {
    await this.query('checkpoint');
  }

  /** The next transaction's number: rows written from now on have this or a later one. */
  async now(): Promise<string> {
    const [row] = await this.query<{ xid: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as xid');
    return row!.xid;
  }

  /** Messages a transaction since then, from the log. */
  async batchSizeSince(xid: string): Promise<number> {
    const [row] = await this.query<{ size: number }>(
      `select (count(*)::float8 / greatest(1, count(distinct xid))) as size
         from events where type = 'message.created' and xid >= $1::xid8`,
      [xid],
    );
    return row!.size;
  }

  async end(): Promise<void> {
    await this.pool.end();
  }
}
