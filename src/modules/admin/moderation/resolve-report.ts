import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { EventLog } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { UserAdministration } from '../../users/user-administration.service.js';
import { OutcomeNotPossible } from './moderation.errors.js';
import { REPORT_RESOLVED, USER_WARNED, UserWarnedData } from './moderation.events.js';
import type { ResolveReportDto } from './reports.dto.js';
import { type ReportRow, ReportsRepository } from './reports.repository.js';
import { publishReport, ReportsService } from './reports.service.js';
import { ConversationsService } from '../../conversations/conversations.service.js';
import { ModeratorDelete } from '../../messages/moderator-delete.service.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { DurableEvent } from '../../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../../platform/event-log/stream-event.js';

/** Removes reported content by the ordinary deletion. Content that is already deleted is ignored. */
@Injectable()
export class RemoveReportedContent {
  constructor(
    private readonly deletion: ModeratorDelete,
    private readonly conversations: ConversationsService,
  ) {}

  /** A conversation can be deleted only by its owner or an admin. @throws PermissionDenied */
  async remove(actor: Actor, { target_type: type, target_id: id, category }: ReportRow): Promise<void> {
    if (type === 'message') return this.deletion.deleteAsModerator(actor, id, `Reported: ${category}.`);
    await this.conversations.delete(actor, id).catch((error: unknown) => {
      if (!(error instanceof ConversationNotFound)) throw error;
    });
  }
}

/**
 * Resolves a report: claims it, carries out the outcome, and records it. Each outcome runs in transactions of its own
 * module and is idempotent, so that an interrupted resolution can be repeated.
 */
@Injectable()
export class ResolveReport {
  constructor(
    private readonly repository: ReportsRepository,
    private readonly reports: ReportsService,
    private readonly removal: RemoveReportedContent,
    private readonly users: UserAdministration,
    private readonly log: EventLog,
  ) {}

  /** @throws ReportNotFound, ReportClaimed, ReportResolved, OutcomeNotPossible, PermissionDenied */
  async resolve(actor: Actor, id: string, dto: ResolveReportDto): Promise<void> {
    const report = await this.reports.withLock(actor, id, async (locked) => {
      this.reports.requireNotClaimedByOther(locked);
      requirePossible(locked.report, dto);
      await this.reports.claimLocked(locked);
      return locked.report;
    });
    await this.carryOut(actor, report, dto);
    const { outcome, note = null } = dto;
    await this.reports.withLock(actor, id, async (locked) => {
      this.reports.requireNotClaimedByOther(locked);
      // A removal or a ban resolves all reports of the target.
      const includeDuplicates = outcome === 'removed' || outcome === 'banned';
      const resolved = await this.repository.resolve(locked.tx, id, {
        outcome,
        note,
        by: actor.userId,
        includeDuplicates,
      });
      this.reports.audit(locked, 'report.resolve', {
        status: 'resolved',
        outcome,
        reports: resolved.map((report) => report.id),
      });
      for (const report of resolved) publishReport(locked.tx, actor, REPORT_RESOLVED, report);
    });
  }

  private async carryOut(actor: Actor, report: ReportRow, dto: ResolveReportDto): Promise<void> {
    const { outcome, user_message: message = null, until } = dto;
    if (outcome === 'removed') await this.removal.remove(actor, report);
    if (outcome === 'warned') await this.warn(actor, report, message);
    if (outcome === 'banned') {
      const ban = { reason: message ?? `Reported: ${report.category}.`, until: until ? new Date(until) : null };
      await this.users.ban(actor, report.subject_id!, ban);
    }
  }

  /** Sends the warning on the stream of the warned user, in the transaction that stores it. @throws PermissionDenied */
  private async warn(actor: Actor, { id, subject_id, category }: ReportRow, message: string | null): Promise<void> {
    const userId = subject_id!;
    await this.log.write(userId, async (tx) => {
      const { actor: current } = await this.users.requireOutranks(tx, actor, userId, 'moderator');
      const warning = { id: newId(), userId, reportId: id, by: actor.userId, category, message };
      if (!(await this.repository.warn(tx, warning))) return;
      tx.append({ type: USER_WARNED, actorId: null, subjectId: warning.id });
      const target = { type: 'user', id: userId };
      tx.audit({ actor: current, action: 'user.warn', target, reason: message, after: { report_id: id, category } });
    });
  }
}

/** @throws OutcomeNotPossible */
function requirePossible({ target_type: type, subject_id: subject }: ReportRow, { outcome }: ResolveReportDto): void {
  if (outcome === 'removed' && type === 'user') throw new OutcomeNotPossible();
  if ((outcome === 'warned' || outcome === 'banned') && subject === null) throw new OutcomeNotPossible();
}

/** Renders `user.warned` for the warned user. */
@Injectable()
export class WarningEventRenderer {
  constructor(private readonly repository: ReportsRepository) {}

  @DurableEvent(USER_WARNED, {
    summary: 'In the user’s own stream: a moderator has warned the user.',
    data: UserWarnedData,
  })
  async renderWarned(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const rows = await this.repository.warnings(events.map(({ subjectId }) => subjectId!));
    return events.map(({ subjectId }) => {
      const row = rows.get(subjectId!);
      if (!row) return undefined;
      const { id, category, message, created_at } = row;
      return { data: { warning: { id, category, message, created_at: created_at.toISOString() } } };
    });
  }
}
