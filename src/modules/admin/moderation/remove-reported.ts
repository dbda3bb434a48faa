import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/http/actor.js';
import { ConversationsService } from '../../conversations/conversations.service.js';
import { TakeDown } from '../../messages/take-down.service.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import type { ReportRow } from './reports.repository.js';

/** Takes away what was reported, the way it is always taken away. What is gone already is gone. */
@Injectable()
export class RemoveReported {
  constructor(
    private readonly messages: TakeDown,
    private readonly conversations: ConversationsService,
  ) {}

  /** A conversation is for its owner or an admin to end. @throws PermissionDenied */
  async remove(actor: Actor, { target_type: type, target_id: id, category }: ReportRow): Promise<void> {
    if (type === 'message') return this.messages.takeDown(actor, id, `Reported: ${category}.`);
    await this.conversations.delete(actor, id).catch((error: unknown) => {
      if (!(error instanceof ConversationNotFound)) throw error;
    });
  }
}
