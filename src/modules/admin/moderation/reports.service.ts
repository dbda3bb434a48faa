import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { AuthenticationRequired, PermissionDenied } from '../../../platform/errors/app-error.js';
import { DomainEvents } from '../../../platform/event-log/domain-events.js';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { AlreadyReported, ReportClaimed, ReportNotFound, ReportResolved } from './moderation.errors.js';
import { REPORT_CREATED, ReportCreated, type ReportFacts } from './moderation.events.js';
import { ModerationPolicy } from './moderation.policy.js';
import { ReportTargets } from './report-targets.js';
import type { CreateReportDto, ReportDto, UpdateReportDto } from './reports.dto.js';
import { type ReportRow, ReportsRepository } from './reports.repository.js';

/** A report as of the lock of its row, and the moderator with their current role. */
export interface LockedReport {
  readonly tx: StreamTransaction;
  readonly report: ReportRow;
  readonly current: Actor;
}

/**
 * Creates, claims and releases reports. Every change happens under the lock of the row, so that only one of several
 * moderators can claim a report; a claim expires after half an hour.
 */
@Injectable()
export class ReportsService {
  constructor(
    private readonly repository: ReportsRepository,
    private readonly targets: ReportTargets,
    private readonly policy: ModerationPolicy,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /** @throws ReportTargetNotFound, AlreadyReported, ValidationError */
  async report(actor: Actor, dto: CreateReportDto): Promise<ReportDto> {
    const subject = await this.targets.requireVisible(actor, dto);
    const { target_type, target_id, category, comment = null } = dto;
    const id = newId();
    const target = { targetType: target_type, targetId: target_id, ...subject };
    const createdAt = await this.log.write(actor.userId, async (tx) => {
      await this.policy.requireActive(actor, tx);
      const reporterId = actor.userId;
      const storedAt = await this.repository.insert(tx, { id, reporterId, ...target, category, comment });
      if (!storedAt) return undefined;
      const { conversationId: conversation_id, subjectId: subject_id } = subject;
      const report = { id, reporter_id: reporterId, target_type, target_id, conversation_id, subject_id, category };
      publishReport(tx, actor, REPORT_CREATED, { ...report, outcome: null });
      return storedAt;
    });
    if (!createdAt) throw new AlreadyReported();
    const data = { report_id: id, target_type, category };
    this.events.publish(new ReportCreated(data, await this.repository.moderatorIds(subject.subjectId)));
    return { id, target_type, target_id, category, created_at: createdAt.toISOString() };
  }

  /**
   * Claims the report; a repeated call extends the claim. @throws ReportNotFound, ReportClaimed, ReportResolved,
   * PermissionDenied
   */
  async claim(actor: Actor, id: string): Promise<void> {
    await this.withLock(actor, id, async (locked) => {
      this.requireNotClaimedByOther(locked);
      await this.claimLocked(locked);
    });
  }

  /**
   * Releases the report; admins may also release claims of others.
   * @throws ReportNotFound, ReportClaimed, ReportResolved, PermissionDenied
   */
  async release(actor: Actor, id: string): Promise<void> {
    await this.withLock(actor, id, async (locked) => {
      const { tx, report, current } = locked;
      if (report.status === 'open') return;
      if (current.role !== 'admin') this.requireNotClaimedByOther(locked);
      await this.repository.release(tx, id);
      this.audit(locked, 'report.release', { claimed_by: null });
    });
  }

  /** @throws ReportNotFound, ReportClaimed, ReportResolved, PermissionDenied */
  async update(actor: Actor, id: string, { status, ...change }: UpdateReportDto): Promise<void> {
    await this.withLock(actor, id, async (locked) => {
      this.requireNotClaimedByOther(locked);
      await this.repository.update(locked.tx, id, change);
      if (status === 'claimed') await this.claimLocked(locked);
      if (status === 'open') await this.repository.release(locked.tx, id);
      const { category = locked.report.category } = change;
      this.audit(locked, 'report.update', { status: status ?? locked.report.status, category });
    });
  }

  /**
   * Locks the report and checks the actor. For a moderator reports about themselves do not exist; an admin sees them,
   * but may not decide on them. @throws as above
   */
  async withLock<T>(actor: Actor, id: string, work: (locked: LockedReport) => Promise<T>): Promise<T> {
    const done = await this.log.write(actor.userId, async (tx) => {
      const current = await this.policy.requireSystemModerator(actor, tx);
      const report = await this.repository.lock(tx, id);
      const hidden = this.policy.hiddenSubject(current);
      if (!report || (hidden !== undefined && report.subject_id === hidden)) throw new ReportNotFound();
      if (report.subject_id === actor.userId) throw new PermissionDenied('This report is about you.');
      if (report.status === 'resolved') throw new ReportResolved();
      return { result: await work({ tx, report, current }) };
    });
    if (!done) throw new AuthenticationRequired();
    return done.result;
  }

  /** @throws ReportClaimed when another moderator has claimed the report */
  requireNotClaimedByOther({ report, current }: LockedReport): void {
    if (report.status !== 'claimed' || report.claimed_by === current.userId) return;
    throw new ReportClaimed(report.claimed_until?.toISOString() ?? null);
  }

  /** Claims the report, or extends the claim, inside `withLock`. */
  async claimLocked(locked: LockedReport): Promise<void> {
    const { tx, report, current } = locked;
    await this.repository.claim(tx, report.id, current.userId);
    this.audit(locked, 'report.claim', { claimed_by: current.userId });
  }

  audit({ tx, report, current }: LockedReport, action: string, after: Record<string, unknown>): void {
    const { status, claimed_by, category } = report;
    const before = { status, claimed_by, category };
    tx.audit({ actor: current, action, target: { type: 'report', id: report.id }, before, after });
  }
}

/** Publishes a change of a report to webhooks with the scope all. */
export function publishReport(
  tx: StreamTransaction,
  actor: Actor,
  type: string,
  { id, ...report }: Pick<ReportRow, 'id' | Exclude<keyof ReportFacts, 'report_id'>>,
): void {
  const payload = { report_id: id, ...report } satisfies ReportFacts;
  tx.publishExternal({ type, actorId: actor.userId, subjectId: id, payload });
}
