import type { MigrationInterface } from 'typeorm';
import { CreateStreams1763700000000 } from '../../../migrations/1763700000000-create-streams.js';
import { CreateUsers1763700001000 } from '../../../migrations/1763700001000-create-users.js';
import { CreateConversations1763700002000 } from '../../../migrations/1763700002000-create-conversations.js';
import { CreateMessages1763700003000 } from '../../../migrations/1763700003000-create-messages.js';
import { CreateFiles1763700004000 } from '../../../migrations/1763700004000-create-files.js';
import { CreateWebhooks1763700005000 } from '../../../migrations/1763700005000-create-webhooks.js';
import { CreateRetentionMarks1763700006000 } from '../../../migrations/1763700006000-create-retention-marks.js';
import { CreateAuditLog1763700007000 } from '../../../migrations/1763700007000-create-audit-log.js';
import { IndexUsersForSearch1763700007010 } from '../../../migrations/1763700007010-index-users-for-search.js';
import { CreateConversationBans1763700007100 } from '../../../migrations/1763700007100-create-conversation-bans.js';
import { CreateAccountDeletions1763700007200 } from '../../../migrations/1763700007200-create-account-deletions.js';
import { IndexConversationsForSearch1763700007300 } from '../../../migrations/1763700007300-index-conversations-for-search.js';
import { CreateContentRules1763700008100 } from '../../../migrations/1763700008100-create-content-rules.js';
import { CreateReports1763700008200 } from '../../../migrations/1763700008200-create-reports.js';
import { CreateActivity1763700009000 } from '../../../migrations/1763700009000-create-activity.js';
import { CreateSessionKeys1763700010000 } from '../../../migrations/1763700010000-create-session-keys.js';
import { CreateGuest1763700011000 } from '../../../migrations/1763700011000-create-guest.js';
import { JudgeSlowFrozenAndGuests1763700011100 } from '../../../migrations/1763700011100-judge-slow-frozen-and-guests.js';
import { CountBySessionKey1763700011200 } from '../../../migrations/1763700011200-count-by-session-key.js';
import { IndexExternalIdentitiesByUser1763700014000 } from '../../../migrations/1763700014000-index-external-identities-by-user.js';
import { NoteWhereFilesAreShown1763700014100 } from '../../../migrations/1763700014100-note-where-files-are-shown.js';
import { IndexLargeWebhookEvents1763700014200 } from '../../../migrations/1763700014200-index-large-webhook-events.js';
import { IndexRoomsByCreation1763700014300 } from '../../../migrations/1763700014300-index-rooms-by-creation.js';
import { TellLeavers1763700015000 } from '../../../migrations/1763700015000-tell-leavers.js';
import { FailWaitingByAndBy1763700016000 } from '../../../migrations/1763700016000-fail-waiting-by-and-by.js';
import { CreateMessageSearch1763700020200 } from '../../../migrations/1763700020200-create-message-search.js';
import { FoldNames1763700020210 } from '../../../migrations/1763700020210-fold-names.js';
import { CountUnreadWithoutDeleted1763700020300 } from '../../../migrations/1763700020300-count-unread-without-deleted.js';
import { AddCharsetOfFiles1763700020500 } from '../../../migrations/1763700020500-add-charset-of-files.js';
import { SucceedBannedCloseDirect1763700020900 } from '../../../migrations/1763700020900-succeed-banned-close-direct.js';
import { AppendSystemMessages1763700021000 } from '../../../migrations/1763700021000-append-system-messages.js';
import { RecordPrivateAttempts1764600030000 } from '../../../migrations/1764600030000-record-private-attempts.js';
import { VerifyWebhookTargets1764600030100 } from '../../../migrations/1764600030100-verify-webhook-targets.js';

/** Every migration, oldest first. They are listed and not discovered: only compiled migrations run. */
export const MIGRATIONS: readonly (new () => MigrationInterface)[] = [
  CreateStreams1763700000000,
  CreateUsers1763700001000,
  CreateConversations1763700002000,
  CreateMessages1763700003000,
  CreateFiles1763700004000,
  CreateWebhooks1763700005000,
  CreateRetentionMarks1763700006000,
  CreateAuditLog1763700007000,
  IndexUsersForSearch1763700007010,
  CreateConversationBans1763700007100,
  CreateAccountDeletions1763700007200,
  IndexConversationsForSearch1763700007300,
  CreateContentRules1763700008100,
  CreateReports1763700008200,
  CreateActivity1763700009000,
  CreateSessionKeys1763700010000,
  CreateGuest1763700011000,
  JudgeSlowFrozenAndGuests1763700011100,
  CountBySessionKey1763700011200,
  IndexExternalIdentitiesByUser1763700014000,
  NoteWhereFilesAreShown1763700014100,
  IndexLargeWebhookEvents1763700014200,
  IndexRoomsByCreation1763700014300,
  TellLeavers1763700015000,
  FailWaitingByAndBy1763700016000,
  CreateMessageSearch1763700020200,
  FoldNames1763700020210,
  CountUnreadWithoutDeleted1763700020300,
  AddCharsetOfFiles1763700020500,
  SucceedBannedCloseDirect1763700020900,
  AppendSystemMessages1763700021000,
  RecordPrivateAttempts1764600030000,
  VerifyWebhookTargets1764600030100,
];
