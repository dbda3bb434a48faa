import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { ReportCategory, ReportOutcome, ReportStatus, ReportTarget } from './reports.dto.js';

/** How long a claim excludes other moderators. */
const CLAIM = `interval '30 minutes'`;

export interface ReportRow {
  readonly id: string;
  readonly reporter_id: string;
  readonly target_type: ReportTarget;
  readonly target_id: string;
  readonly conversation_id: string | null;
  readonly subject_id: string | null;
  readonly category: ReportCategory;
  readonly comment: string | null;
  readonly status: ReportStatus;
  readonly claimed_by: string | null;
  readonly claimed_until: Date | null;
  readonly outcome: ReportOutcome | null;
  readonly note: string | null;
  readonly resolved_by: string | null;
  readonly resolved_at: Date | null;
  readonly created_at: Date;
}

export interface NewReport {
  readonly id: string;
  readonly reporterId: string;
  readonly targetType: ReportTarget;
  readonly targetId: string;
  readonly conversationId: string | null;
  readonly subjectId: string | null;
  readonly category: ReportCategory;
  readonly comment: string | null;
}

/** An expired claim counts as open. */
const STATUS = `case when r.status = 'claimed' and r.claimed_at <= now() - ${CLAIM} then 'open' else r.status end`;
const COLUMNS = `
  r.id, r.reporter_id, r.target_type, r.target_id, r.conversation_id, r.subject_id, r.category, r.comment,
  ${STATUS} as status, case when ${STATUS} <> 'open' then r.claimed_by end as claimed_by,
  case when ${STATUS} = 'claimed' then r.claimed_at + ${CLAIM} end as claimed_until,
  r.outcome, r.note, r.resolved_by, r.resolved_at, r.created_at`;

const INSERT = statement<{ id: string; created_at: Date }>(
  'reports.insert',
  `insert into reports (id, reporter_id, target_type, target_id, conversation_id, subject_id, category, comment)
   values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning id, created_at`,
);

const LOCK = statement<ReportRow>('reports.lock', `select ${COLUMNS} from reports r where r.id = $1 for update`);

const FIND = statement<ReportRow>(
  'reports.find',
  `select ${COLUMNS} from reports r where r.id = $1 and r.subject_id is distinct from $2::uuid`,
);

const page = (name: string, which: string): ReturnType<typeof statement<ReportRow>> =>
  statement<ReportRow>(
    `reports.page_${name}`,
    `select ${COLUMNS} from reports r
    where ${which} and ($1::text is null or ${STATUS} = $1)
      and ($2::text is null or r.category = $2) and ($3::text is null or r.target_type = $3)
      and ($4::timestamptz is null or (r.created_at, r.id) > ($4, $5::uuid))
      and r.subject_id is distinct from $7::uuid
    order by r.created_at, r.id limit $6`,
  );

const PAGE_WAITING = page('waiting', `r.status <> 'resolved'`);
const PAGE_RESOLVED = page('resolved', `r.status = 'resolved'`);

const CLAIM_IT = statement<unknown>(
  'reports.claim',
  `update reports set status = 'claimed', claimed_by = $2, claimed_at = clock_timestamp() where id = $1`,
);

const RELEASE = statement<unknown>(
  'reports.release',
  `update reports set status = 'open', claimed_by = null, claimed_at = null where id = $1`,
);

const UPDATE = statement<unknown>(
  'reports.update',
  `update reports set category = coalesce($2, category), note = case when $3::boolean then $4 else note end where id = $1`,
);

/** A report that has just been resolved. */
export type ResolvedReport = Pick<
  ReportRow,
  'id' | 'reporter_id' | 'target_type' | 'target_id' | 'conversation_id' | 'subject_id' | 'category' | 'outcome'
>;

const RESOLVE = statement<ResolvedReport>(
  'reports.resolve',
  `update reports
      set status = 'resolved', outcome = $3, note = coalesce($4, note), resolved_by = $5, resolved_at = clock_timestamp()
    where status <> 'resolved'
      and (id = $1 or $2::boolean and (target_type, target_id) = (select t.target_type, t.target_id from reports t where t.id = $1))
   returning id, reporter_id, target_type, target_id, conversation_id, subject_id, category, outcome`,
);

const WARN = statement<{ id: string }>(
  'reports.warn',
  `insert into user_warnings (id, user_id, report_id, warned_by, category, message)
   values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning id`,
);

export interface WarningRow {
  readonly id: string;
  readonly category: ReportCategory;
  readonly message: string | null;
  readonly created_at: Date;
}

const WARNINGS = statement<WarningRow>(
  'reports.warnings',
  `select id, category, message, created_at from user_warnings where id = any($1::uuid[])`,
);

const MODERATORS = statement<{ id: string }>(
  'reports.moderators',
  `select id from users
    where deleted_at is null and (role = 'admin' or role = 'moderator' and id is distinct from $1::uuid)`,
);

/** Owns: reports, user_warnings. Reads: users. */
@Injectable()
export class ReportsRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns when it was stored; undefined when this reporter has an open report of this target already. */
  async insert(tx: Queryable, report: NewReport): Promise<Date | undefined> {
    const { id, reporterId, targetType, targetId, conversationId, subjectId, category, comment } = report;
    const values = [id, reporterId, targetType, targetId, conversationId, subjectId, category, comment];
    return (await tx.one(INSERT, values))?.created_at;
  }

  /** Returns the current row; concurrent transactions wait until this one has ended. */
  lock(tx: Queryable, id: string): Promise<ReportRow | undefined> {
    return tx.one(LOCK, [id]);
  }

  /** Undefined also for a report about `exceptAbout`. */
  find(id: string, exceptAbout: string | undefined): Promise<ReportRow | undefined> {
    return this.sql.one(FIND, [id, exceptAbout ?? null]);
  }

  /** Longest waiting first; one row more than the page has. Omits reports about `exceptAbout`. */
  page(
    filter: { status?: ReportStatus; category?: ReportCategory; targetType?: ReportTarget; exceptAbout?: string },
    after: { at: Date; id: string } | undefined,
    limit: number,
  ): Promise<ReportRow[]> {
    const filters = [filter.status ?? null, filter.category ?? null, filter.targetType ?? null];
    const statement = filter.status === 'resolved' ? PAGE_RESOLVED : PAGE_WAITING;
    return this.sql.many(statement, [
      ...filters,
      after?.at ?? null,
      after?.id ?? null,
      limit + 1,
      filter.exceptAbout ?? null,
    ]);
  }

  async claim(tx: Queryable, id: string, by: string): Promise<void> {
    await tx.run(CLAIM_IT, [id, by]);
  }

  async release(tx: Queryable, id: string): Promise<void> {
    await tx.run(RELEASE, [id]);
  }

  async update(tx: Queryable, id: string, change: { category?: ReportCategory; note?: string | null }): Promise<void> {
    await tx.run(UPDATE, [id, change.category ?? null, change.note !== undefined, change.note ?? null]);
  }

  /** Resolves this report, and with `includeDuplicates` all open ones of the same target, and returns them. */
  async resolve(
    tx: Queryable,
    id: string,
    {
      outcome,
      note,
      by,
      includeDuplicates,
    }: { outcome: ReportOutcome; note: string | null; by: string; includeDuplicates: boolean },
  ): Promise<ResolvedReport[]> {
    return tx.many(RESOLVE, [id, includeDuplicates, outcome, note, by]);
  }

  /** Returns whether the warning is new: one report warns once. */
  async warn(
    tx: Queryable,
    warning: { id: string; userId: string; reportId: string; by: string; category: string; message: string | null },
  ): Promise<boolean> {
    const { id, userId, reportId, by, category, message } = warning;
    return (await tx.one(WARN, [id, userId, reportId, by, category, message])) !== undefined;
  }

  async warnings(ids: string[]): Promise<Map<string, WarningRow>> {
    return new Map((await this.sql.many(WARNINGS, [ids])).map((row) => [row.id, row]));
  }

  /** Returns all admins, and all moderators except the one the report is about. */
  async moderatorIds(subjectId: string | null): Promise<string[]> {
    return (await this.sql.many(MODERATORS, [subjectId])).map((row) => row.id);
  }
}
