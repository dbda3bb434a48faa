import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';

const NUMBER_BEFORE = statement<{ number: number }>(
  'truncations.number_before',
  `select message_number_at($1, $2) - 1 as number`,
);

const IS_HELD = statement<{ is_held: boolean }>('truncations.is_held', `select under_legal_hold($1) as is_held`);

/** Of an unfinished truncation only the end moves. */
const EXTEND = statement<unknown>(
  'truncations.extend',
  `insert into truncations as t (conversation_id, up_to_number, next_number) values ($1, $2, 1)
       on conflict (conversation_id) do update set up_to_number = excluded.up_to_number
    where t.up_to_number < excluded.up_to_number`,
);

const UP_TO = statement<{ number: number }>(
  'truncations.up_to',
  `select up_to_number as number from truncations where conversation_id = $1`,
);

const UNFINISHED = `t.next_number <= t.up_to_number and not under_legal_hold(t.conversation_id)`;

const DUE = statement<{ conversation_id: string }>(
  'truncations.due',
  `select t.conversation_id from truncations t
    where t.conversation_id > $1 and ${UNFINISHED} order by t.conversation_id limit $2`,
);

const COUNT = statement<{ messages: number; conversations: number }>(
  'truncations.count',
  `select coalesce(sum(t.up_to_number - t.next_number + 1), 0)::bigint as messages, count(*) as conversations
     from truncations t where ${UNFINISHED}`,
);

/** The next messages to be deleted, without those that are tombstones already. */
const NEXT = statement<{ last_number: number; ids: string[] | null }>(
  'truncations.next',
  `select least(t.up_to_number, t.next_number + $2 - 1) as last_number,
          (select array_agg(m.id order by m.sequence_number) from messages m
            where m.conversation_id = t.conversation_id and m.deleted_at is null
              and m.sequence_number between t.next_number and least(t.up_to_number, t.next_number + $2 - 1)) as ids
     from truncations t
    where t.conversation_id = $1 and ${UNFINISHED}`,
);

const ADVANCE = statement<unknown>(
  'truncations.advance',
  `update truncations set next_number = $2 where conversation_id = $1`,
);

/** How far conversations are truncated, and their messages deleted. Owns: truncations. Reads: messages, legal_holds. */
@Injectable()
export class TruncationsRepository {
  constructor(private readonly sql: Sql) {}

  /** The number of the last message from before a time. */
  async numberBefore(tx: Queryable, conversationId: string, before: Date): Promise<number> {
    return (await tx.one(NUMBER_BEFORE, [conversationId, before.getTime()]))!.number;
  }

  async isHeld(tx: Queryable, conversationId: string): Promise<boolean> {
    return (await tx.one(IS_HELD, [conversationId]))!.is_held;
  }

  /** Up to which number the conversation is truncated; 0: not at all. */
  async upTo(tx: Queryable, conversationId: string): Promise<number> {
    return (await tx.one(UP_TO, [conversationId]))?.number ?? 0;
  }

  /** Truncates the conversation up to a number; returns whether it was a lower one before. */
  async extend(tx: Queryable, conversationId: string, number: number): Promise<boolean> {
    return (await tx.run(EXTEND, [conversationId, number])) > 0;
  }

  /** Conversations with messages to be deleted, by id, after this one. */
  async findDue(after: string, limit: number): Promise<string[]> {
    return (await this.sql.many(DUE, [after, limit])).map((row) => row.conversation_id);
  }

  /** Upper bounds of what is to be deleted. */
  async count(): Promise<{ messages: number; conversations: number }> {
    return (await this.sql.one(COUNT))!;
  }

  /** The next range of at most `size` numbers, and its messages; undefined if none is left, or under a legal hold. */
  async next(
    tx: Queryable,
    conversationId: string,
    size: number,
  ): Promise<{ readonly lastNumber: number; readonly ids: string[] } | undefined> {
    const row = await tx.one(NEXT, [conversationId, size]);
    return row && { lastNumber: row.last_number, ids: row.ids ?? [] };
  }

  /** Records that the messages before a number are deleted. */
  async advance(tx: Queryable, conversationId: string, nextNumber: number): Promise<void> {
    await tx.run(ADVANCE, [conversationId, nextNumber]);
  }
}
