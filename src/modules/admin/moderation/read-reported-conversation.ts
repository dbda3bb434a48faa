import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../../platform/audit/audit-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import type { MessagePageDto } from '../../messages/message-pages.dto.js';
import { MessageQueriesService } from '../../messages/message-queries.service.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { ReportNotFound } from './moderation.errors.js';
import { ModerationPolicy } from './moderation.policy.js';
import type { ReportedConversationQuery } from './reports.dto.js';
import { ReportsRepository } from './reports.repository.js';

/**
 * Reads the conversation of a report for moderators of the system, who do not have to join it. Every page is audited
 * before it is returned.
 */
@Injectable()
export class ReadReportedConversation {
  constructor(
    private readonly repository: ReportsRepository,
    private readonly policy: ModerationPolicy,
    private readonly messages: MessageQueriesService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * The page around the reported message or, if the conversation was reported, the newest page; then any other page.
   * @throws PermissionDenied, ReportNotFound, ConversationNotFound for reports of users, ValidationError
   */
  async page(actor: Actor, reportId: string, query: ReportedConversationQuery): Promise<MessagePageDto> {
    const current = await this.policy.requireSystemModerator(actor);
    const report = await this.repository.find(reportId, this.policy.hiddenSubject(current));
    if (!report) throw new ReportNotFound();
    const { conversation_id: conversationId, target_type: type, target_id: targetId } = report;
    if (conversationId === null) throw new ConversationNotFound();
    const { cursor, before_number, after_number, limit } = query;
    const hasStart = cursor !== undefined || before_number !== undefined || after_number !== undefined;
    const around = type === 'message' && !hasStart ? targetId : undefined;
    const page = await this.messages.listUnchecked(current, conversationId, {
      cursor,
      before_number,
      after_number,
      limit,
      around,
    });
    const numbers = page.data.map(({ sequence_number: number }) => number).sort((a, b) => a - b);
    await this.audit.record({
      actor: current,
      action: 'report.read_conversation',
      target: { type: 'conversation', id: conversationId },
      after: { report_id: reportId, first_number: numbers[0] ?? null, last_number: numbers.at(-1) ?? null },
    });
    return page;
  }
}
