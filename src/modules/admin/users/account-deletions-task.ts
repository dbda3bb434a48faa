import { Injectable } from '@nestjs/common';
import { ScheduledTask, type TaskReport } from '../../../platform/schedule/schedule.js';
import { MessageErasure } from '../../messages/message-erasure.service.js';
import { PrivateDataErasure } from '../../messages/private-data-erasure.service.js';
import { LeaveAllConversations } from '../../participants/leave-all-conversations.service.js';
import { PresenceErasure } from '../../presence/presence.worker.module.js';
import { AccountDeletionsRepository } from './account-deletions.repository.js';

const ACCOUNTS_AT_ONCE = 20;

/**
 * Finishes the deletion of accounts in the background: the user leaves all conversations and, if requested, their
 * messages become tombstones. A deletion is finished when nothing is left to do; the next run continues an interrupted
 * one.
 */
@Injectable()
export class AccountDeletionsTask {
  constructor(
    private readonly repository: AccountDeletionsRepository,
    private readonly conversations: LeaveAllConversations,
    private readonly presence: PresenceErasure,
    private readonly erasure: MessageErasure,
    private readonly privateData: PrivateDataErasure,
  ) {}

  @ScheduledTask({ name: 'account-deletions', everyMs: 15_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return { accounts: await this.repository.countUnfinished() };
    let [conversations, messages] = [0, 0];
    const deletions = await this.repository.unfinished(ACCOUNTS_AT_ONCE);
    for (const { user_id: userId, messages: mode } of deletions) {
      await this.presence.erase(userId);
      await this.privateData.erase(userId);
      conversations += await this.conversations.leaveAll(userId);
      if (mode === 'delete') messages += await this.erasure.eraseAll(userId);
      await this.repository.finish(userId);
    }
    return { accounts: deletions.length, conversations, messages };
  }
}
