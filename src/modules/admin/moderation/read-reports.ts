import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/identity/actor.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, type Page, toPage } from '../../../platform/pagination/page.js';
import { ReportNotFound } from './moderation.errors.js';
import { ModerationPolicy } from './moderation.policy.js';
import { type ContextRow, ReportContextRepository } from './report-context.repository.js';
import type { AdminReportDto, ListReportsQuery, ReportContextDto } from './reports.dto.js';
import { type ReportRow, ReportsRepository } from './reports.repository.js';

/**
 * Reads the report queue with the context that a decision needs: the messages around a reported one, and nothing else.
 * A moderator never sees a report about themselves, because it would disclose the reporter.
 */
@Injectable()
export class ReadReports {
  constructor(
    private readonly repository: ReportsRepository,
    private readonly contexts: ReportContextRepository,
    private readonly policy: ModerationPolicy,
  ) {}

  /** Longest waiting first. @throws PermissionDenied, ValidationError */
  async list(actor: Actor, query: ListReportsQuery): Promise<Page<AdminReportDto>> {
    const current = await this.policy.requireSystemModerator(actor);
    const { limit = DEFAULT_PAGE_SIZE, cursor, status, category, target_type: targetType } = query;
    const [at, id] = cursor === undefined ? [] : (decodeCursor(cursor, ['millis', 'uuid']) as [number, string]);
    const after = at === undefined ? undefined : { at: new Date(at), id: id! };
    const filter = { status, category, targetType, exceptAbout: this.policy.hiddenSubject(current) };
    const rows = await this.repository.page(filter, after, limit);
    const contexts = await this.contexts.readContexts(rows.map((row) => row.id));
    const presentRow = (row: ReportRow): AdminReportDto => present(row, contexts.get(row.id));
    return toPage(rows, limit, presentRow, (row) => [row.created_at.getTime(), row.id]);
  }

  /** @throws PermissionDenied, ReportNotFound */
  async get(actor: Actor, id: string): Promise<AdminReportDto> {
    const current = await this.policy.requireSystemModerator(actor);
    const row = await this.repository.find(id, this.policy.hiddenSubject(current));
    if (!row) throw new ReportNotFound();
    return present(row, (await this.contexts.readContexts([id])).get(id));
  }
}

function present(row: ReportRow, context: ContextRow | undefined): AdminReportDto {
  return {
    id: row.id,
    reporter_id: row.reporter_id,
    target_type: row.target_type,
    target_id: row.target_id,
    conversation_id: row.conversation_id,
    category: row.category,
    comment: row.comment,
    status: row.status,
    claimed_by: row.claimed_by,
    claimed_until: row.claimed_until?.toISOString() ?? null,
    outcome: row.outcome,
    note: row.note,
    resolved_by: row.resolved_by,
    resolved_at: row.resolved_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    context: presentContext(context),
  };
}

function presentContext(context: ContextRow | undefined): ReportContextDto {
  return {
    reporter_count: context?.reporter_count ?? 1,
    subject: context?.subject ?? null,
    messages: (context?.messages ?? []).map((message) => ({
      ...message,
      sender_name: message.sender_name ?? '',
      created_at: new Date(message.created_at).toISOString(),
    })),
    conversation_title: context?.conversation_title ?? null,
  };
}
