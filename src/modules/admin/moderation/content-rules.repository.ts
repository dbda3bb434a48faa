import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { RuleAction, RuleKind } from './content-rules.dto.js';

export interface ContentRuleRow {
  readonly id: string;
  readonly conversation_id: string | null;
  readonly kind: RuleKind;
  readonly pattern: string;
  readonly action: RuleAction | null;
  readonly reason: string | null;
  readonly created_by: string;
  readonly created_at: Date;
}

/** One scope whose rules have changed. */
export interface ChangedScope {
  readonly scope_id: string;
  readonly version: number;
  readonly has_rules: boolean;
}

/** The scope of the rules of the installation. */
export const INSTALLATION = '00000000-0000-0000-0000-000000000000';

const COLUMNS = `id, conversation_id, kind, pattern, action, reason, created_by, created_at`;

const CHANGED = statement<ChangedScope>(
  'content_rules.changed',
  `select s.scope_id, s.version,
          exists (select from content_rules r
                   where r.conversation_id is not distinct from nullif(s.scope_id, '${INSTALLATION}')) as has_rules
     from content_rule_sets s where s.version > $1 order by s.version`,
);

const OF_SCOPE = statement<ContentRuleRow>(
  'content_rules.of_scope',
  `select ${COLUMNS} from content_rules where conversation_id is not distinct from $1 order by created_at, id`,
);

const PAGE = statement<ContentRuleRow>(
  'content_rules.page',
  `select ${COLUMNS} from content_rules
    where conversation_id is not distinct from $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
    order by created_at desc, id desc limit $4`,
);

const FIND = statement<ContentRuleRow>(
  'content_rules.find',
  `select ${COLUMNS} from content_rules where id = $1 and conversation_id is not distinct from $2`,
);

const COUNT = statement<{ count: number }>(
  'content_rules.count',
  `select count(*) as count from content_rules where conversation_id is not distinct from $1`,
);

const INSERT = statement<ContentRuleRow>(
  'content_rules.insert',
  `insert into content_rules (id, conversation_id, kind, pattern, pattern_key, action, reason, created_by)
   values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning ${COLUMNS}`,
);

const UPDATE = statement<ContentRuleRow>(
  'content_rules.update',
  `update content_rules set action = coalesce($2, action), reason = case when $3::boolean then $4 else reason end
    where id = $1 returning ${COLUMNS}`,
);

const DELETE = statement<unknown>('content_rules.delete', `delete from content_rules where id = $1`);

/** An arbitrary number. A change of rules holds this lock until its commit. */
const LOCK = statement<unknown>('content_rules.lock', `select pg_advisory_xact_lock(7265541)`);

const NEW_VERSION = statement<unknown>(
  'content_rules.new_version',
  `insert into content_rule_sets (scope_id, version) values ($1, nextval('content_rule_versions'))
   on conflict (scope_id) do update set version = excluded.version`,
);

export interface NewContentRule {
  readonly id: string;
  readonly conversationId: string | null;
  readonly kind: RuleKind;
  readonly pattern: string;
  /** The same for all notations of the pattern. */
  readonly key: string;
  readonly action: RuleAction | null;
  readonly reason: string | null;
  readonly createdBy: string;
}

/** Owns: content_rules, content_rule_sets. Reads: nothing else. */
@Injectable()
export class ContentRulesRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns the scopes that have changed since a version, oldest first. */
  changedSince(version: number): Promise<ChangedScope[]> {
    return this.sql.many(CHANGED, [version]);
  }

  /** Returns all rules of a scope, oldest first. */
  ofScope(conversationId: string | null): Promise<ContentRuleRow[]> {
    return this.sql.many(OF_SCOPE, [conversationId]);
  }

  /** Newest first; one row more than the page has. */
  page(
    conversationId: string | null,
    after: { at: Date; id: string } | undefined,
    limit: number,
  ): Promise<ContentRuleRow[]> {
    return this.sql.many(PAGE, [conversationId, after?.at ?? null, after?.id ?? null, limit + 1]);
  }

  find(tx: Queryable, id: string, conversationId: string | null): Promise<ContentRuleRow | undefined> {
    return tx.one(FIND, [id, conversationId]);
  }

  async count(tx: Queryable, conversationId: string | null): Promise<number> {
    return (await tx.one(COUNT, [conversationId]))?.count ?? 0;
  }

  /** The first statement of a change: serializes changes. */
  async lock(tx: Queryable): Promise<void> {
    await tx.run(LOCK);
  }

  /** Returns undefined when the scope has this rule already. */
  async insert(tx: Queryable, rule: NewContentRule): Promise<ContentRuleRow | undefined> {
    const { id, conversationId, kind, pattern, key, action, reason, createdBy } = rule;
    const row = await tx.one(INSERT, [id, conversationId, kind, pattern, key, action, reason, createdBy]);
    if (row) await tx.run(NEW_VERSION, [conversationId ?? INSTALLATION]);
    return row;
  }

  async update(
    tx: Queryable,
    { id, conversation_id }: ContentRuleRow,
    change: { action?: RuleAction; reason?: string | null },
  ): Promise<ContentRuleRow> {
    const { action = null, reason } = change;
    const row = await tx.one(UPDATE, [id, action, reason !== undefined, reason ?? null]);
    await tx.run(NEW_VERSION, [conversation_id ?? INSTALLATION]);
    return row!;
  }

  async delete(tx: Queryable, { id, conversation_id }: ContentRuleRow): Promise<void> {
    await tx.run(DELETE, [id]);
    await tx.run(NEW_VERSION, [conversation_id ?? INSTALLATION]);
  }
}
