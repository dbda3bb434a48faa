import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { isReadOnly, isResponseTimeout, mapDatabaseOutage } from './database-errors.js';

declare const rowType: unique symbol;

/** A named statement: prepared once on each connection, planned once, and measured under its name. */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  readonly [rowType]?: Row;
}

const registry = new Map<string, Statement<unknown>>();

/**
 * Declares a statement. `name` is `module.purpose` and unique in the program.
 *
 * @throws Error when the name has another text: with one prepared name, the wrong statement would run
 */
export function statement<Row>(name: string, text: string): Statement<Row> {
  const known = registry.get(name);
  if (known && known.text !== text) throw new Error(`two statements are named ${name}`);
  const declared: Statement<Row> = { name, text };
  registry.set(name, declared);
  return declared;
}

/** Every statement declared so far, for the test that prepares them all. */
export function declaredStatements(): Statement<unknown>[] {
  return [...registry.values()];
}

export type SqlValue = string | number | boolean | Date | Buffer | null | undefined | readonly SqlValue[] | object;

/** Runs statements: on the pool, or in one transaction. */
export interface Queryable {
  many<Row>(statement: Statement<Row>, values?: SqlValue[]): Promise<Row[]>;
  one<Row>(statement: Statement<Row>, values?: SqlValue[]): Promise<Row | undefined>;
  /** Returns the number of changed rows. */
  run(statement: Statement<unknown>, values?: SqlValue[]): Promise<number>;
}

type PgClient = Pick<pg.ClientBase, 'query'>;

/** Called after every statement; must not throw. */
export interface StatementObserver {
  ran(name: string, ms: number, failure?: unknown): void;
}

const noObserver: StatementObserver = { ran: () => undefined };

class StatementRunner implements Queryable {
  constructor(
    private readonly client: PgClient,
    protected readonly observer: StatementObserver,
  ) {}

  async many<Row>(statement: Statement<Row>, values: SqlValue[] = []): Promise<Row[]> {
    return (await this.query(statement, values)).rows as Row[];
  }

  async one<Row>(statement: Statement<Row>, values: SqlValue[] = []): Promise<Row | undefined> {
    return (await this.query(statement, values)).rows[0] as Row | undefined;
  }

  async run(statement: Statement<unknown>, values: SqlValue[] = []): Promise<number> {
    return (await this.query(statement, values)).rowCount ?? 0;
  }

  private async query(statement: Statement<unknown>, values: SqlValue[]): Promise<pg.QueryResult> {
    const { name, text } = statement;
    const begun = performance.now();
    try {
      const result = await this.client.query({ name, text, values: values as unknown[] });
      this.observer.ran(name, performance.now() - begun);
      return result;
    } catch (error) {
      this.observer.ran(name, performance.now() - begun, error);
      throw mapDatabaseOutage(error);
    }
  }
}

export type Isolation = 'read committed' | 'repeatable read read only';

/**
 * Runs statements in PostgreSQL. bigint columns are returned as numbers (positions stay below 2^53), xid8 as text.
 * A lost connection, a timeout or a full pool throws `ServiceUnavailable`; every other error is the driver's own. A
 * statement without a response in time may still be executed; its connection is closed.
 */
@Injectable()
export class Sql extends StatementRunner {
  constructor(
    private readonly pool: pg.Pool,
    observer: StatementObserver = noObserver,
  ) {
    super(pool as unknown as PgClient, observer);
  }

  /**
   * Runs `work` in one transaction and returns its result after COMMIT has returned.
   * `synchronous_commit` is turned on for it, whatever the server's default: an acknowledgement must survive a crash.
   */
  async transaction<T>(work: (tx: Queryable) => Promise<T>, isolation: Isolation = 'read committed'): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      throw mapDatabaseOutage(error);
    }
    let discardReason: Error | undefined;
    const onError = (error: Error): void => {
      discardReason = error;
    };
    client.on('error', onError);
    try {
      await client.query(`begin isolation level ${isolation}; set local synchronous_commit to on`);
      const result = await work(new StatementRunner(client, this.observer));
      await client.query('commit');
      return result;
    } catch (error) {
      // Closing the connection rolls back its transaction.
      if (isResponseTimeout(error) || isReadOnly(error)) discardReason = error as Error;
      else {
        await client.query('rollback').catch((rollbackError: Error) => {
          discardReason = rollbackError;
        });
      }
      throw mapDatabaseOutage(error);
    } finally {
      client.removeListener('error', onError);
      client.release(discardReason);
    }
  }
}
