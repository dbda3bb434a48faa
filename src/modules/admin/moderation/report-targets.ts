import { Injectable } from '@nestjs/common';
import { AppError, ValidationError } from '../../../platform/errors/app-error.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { ConversationsService } from '../../conversations/conversations.service.js';
import { MessageQueriesService } from '../../messages/message-queries.service.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { UsersService } from '../../users/users.service.js';
import { ReportTargetNotFound } from './moderation.errors.js';
import type { CreateReportDto } from './reports.dto.js';

/** The conversation and user that a report concerns. */
export interface ReportSubject {
  readonly conversationId: string | null;
  /** The user who is responsible for the target. */
  readonly subjectId: string | null;
}

/** Finds the target of a report if the reporter can see it. */
@Injectable()
export class ReportTargets {
  constructor(
    private readonly messages: MessageQueriesService,
    private readonly users: UsersService,
    private readonly participants: ParticipantsPolicy,
    private readonly conversations: ConversationsService,
  ) {}

  /**
   * @throws ReportTargetNotFound for targets that do not exist or that the actor cannot see; ValidationError for their
   * own
   */
  async requireVisible(actor: Actor, { target_type: type, target_id: id }: CreateReportDto): Promise<ReportSubject> {
    const subject = await this.find(actor, type, id).catch((error: unknown) => {
      if (error instanceof AppError && (error.status === 403 || error.status === 404)) throw new ReportTargetNotFound();
      throw error;
    });
    if (type !== 'conversation' && subject.subjectId === actor.userId) {
      throw ValidationError.of('target_id', 'is your own');
    }
    return subject;
  }

  private async find(actor: Actor, type: CreateReportDto['target_type'], id: string): Promise<ReportSubject> {
    if (type === 'message') {
      const message = await this.messages.get(actor, id);
      if (message.is_deleted) throw new ReportTargetNotFound();
      return { conversationId: message.conversation_id, subjectId: message.sender_id };
    }
    if (type === 'user') {
      return { conversationId: null, subjectId: (await this.users.requireUser(id)).id };
    }
    const { role, type: kind, settings } = await this.participants.loadAccess(actor, id);
    if (role === undefined && (kind !== 'room' || settings.is_private)) throw new ReportTargetNotFound();
    const summary = (await this.conversations.findSummaries([id])).get(id);
    return { conversationId: id, subjectId: summary?.created_by ?? null };
  }
}
