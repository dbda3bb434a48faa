import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { EventLog } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/http/actor.js';
import { UserAdministration } from '../../users/user-administration.service.js';
import { OutcomeNotPossible } from './moderation.errors.js';
import { USER_WARNED } from './moderation.events.js';
import { RemoveReportedContent } from './remove-reported-content.js';
import type { ResolveReportDto } from './reports.dto.js';
import { type ReportRow, ReportsRepository } from './reports.repository.js';
import { ReportsService } from './reports.service.js';

/**
 * Decides on a report: claims it, does what is decided, writes down that it was done. What is done is done in the
 * transactions of its own module; each of it twice is once, so that whoever was interrupted may resolve again.
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
    const report = await this.reports.change(actor, id, async (locked) => {
      this.reports.requireFree(locked);
      requirePossible(locked.report, dto);
      await this.reports.claimIn(locked);
      return locked.report;
    });
    await this.act(actor, report, dto);
    const { outcome, note = null } = dto;
    await this.reports.change(actor, id, async (locked) => {
      this.reports.requireFree(locked);
      // What was removed, and who was banned, is so for all who reported it.
      const withTwins = outcome === 'removed' || outcome === 'banned';
      const resolved = await this.repository.resolve(locked.tx, id, { outcome, note, by: actor.userId, withTwins });
      this.reports.record(locked, 'report.resolve', { status: 'resolved', outcome, reports: resolved });
    });
  }

  private async act(actor: Actor, report: ReportRow, dto: ResolveReportDto): Promise<void> {
    const { outcome, user_message: message = null, until } = dto;
    if (outcome === 'removed') await this.removal.remove(actor, report);
    if (outcome === 'warned') await this.warn(actor, report, message);
    if (outcome === 'banned') {
      const ban = { reason: message ?? `Reported: ${report.category}.`, until: until ? new Date(until) : null };
      await this.users.ban(actor, report.subject_id!, ban);
    }
  }

  /** Told on the stream of the warned one, in the transaction of the record. @throws PermissionDenied */
  private async warn(actor: Actor, { id, subject_id, category }: ReportRow, message: string | null): Promise<void> {
    const userId = subject_id!;
    await this.log.write(userId, async (tx) => {
      const { current } = await this.users.requireOutranks(tx, actor, userId, 'moderator');
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
