import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/identity/actor.js';
import { ConversationsService } from '../../conversations/conversations.service.js';
import { ModeratorDelete } from '../../messages/moderator-delete.service.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import type { ReportRow } from './reports.repository.js';

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
