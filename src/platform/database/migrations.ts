import type { MigrationInterface } from 'typeorm';
import type pg from 'pg';
import { CreatePlatform1764700000000 } from '../../../migrations/1764700000000-create-platform.js';
import { CreateUsers1764700001000 } from '../../../migrations/1764700001000-create-users.js';
import { CreateAuth1764700002000 } from '../../../migrations/1764700002000-create-auth.js';
import { CreateConversations1764700003000 } from '../../../migrations/1764700003000-create-conversations.js';
import { CreateParticipants1764700004000 } from '../../../migrations/1764700004000-create-participants.js';
import { CreatePresence1764700005000 } from '../../../migrations/1764700005000-create-presence.js';
import { CreateFiles1764700006000 } from '../../../migrations/1764700006000-create-files.js';
import { CreateMessages1764700007000 } from '../../../migrations/1764700007000-create-messages.js';
import { CreateWebhooks1764700008000 } from '../../../migrations/1764700008000-create-webhooks.js';
import { CreateAdmin1764700009000 } from '../../../migrations/1764700009000-create-admin.js';
import { CreateServerKeys1764800000000 } from '../../../migrations/1764800000000-create-server-keys.js';
import { NameKeysInAuditLog1764800001000 } from '../../../migrations/1764800001000-name-keys-in-audit-log.js';
import { AddTokensOfTheHost1764810000000 } from '../../../migrations/1764810000000-add-tokens-of-the-host.js';
import { AddExternalIdsOfUsers1764820000000 } from '../../../migrations/1764820000000-add-external-ids-of-users.js';
import { AddMetadataOfUsers1764820001000 } from '../../../migrations/1764820001000-add-metadata-of-users.js';
import { AddDeactivationOfUsers1764820002000 } from '../../../migrations/1764820002000-add-deactivation-of-users.js';
import { AddDataOfTheHostToConversations1764830000000 } from '../../../migrations/1764830000000-add-data-of-the-host-to-conversations.js';
import { AddUnreadMarks1764840000000 } from '../../../migrations/1764840000000-add-unread-marks.js';
import { IndexUncountedMessages1764840001000 } from '../../../migrations/1764840001000-index-uncounted-messages.js';
import { CreateThreads1764840100000 } from '../../../migrations/1764840100000-create-threads.js';
import { IndexThreadReplies1764840101000 } from '../../../migrations/1764840101000-index-thread-replies.js';
import { CreateBeforeSendHook1764850000000 } from '../../../migrations/1764850000000-create-before-send-hook.js';
import { CreateLegalHolds1764850001000 } from '../../../migrations/1764850001000-create-legal-holds.js';
import { CreatePolls1764850002000 } from '../../../migrations/1764850002000-create-polls.js';
import { CreateUnreadReminders1764850003000 } from '../../../migrations/1764850003000-create-unread-reminders.js';
import { CreateConversationTypes1764860000000 } from '../../../migrations/1764860000000-create-conversation-types.js';
import { IndexParticipantsInOrder1764860001000 } from '../../../migrations/1764860001000-index-participants-in-order.js';
import { AddVisibleHistory1764870000000 } from '../../../migrations/1764870000000-add-visible-history.js';
import { AddTruncations1764870001000 } from '../../../migrations/1764870001000-add-truncations.js';
import { AddEndOfMutes1764880000000 } from '../../../migrations/1764880000000-add-end-of-mutes.js';
import { CreateInviteLinks1764880003000 } from '../../../migrations/1764880003000-create-invite-links.js';
import { AddCreateRole1795982174524 } from '../../../migrations/1795982174524-add-create-role.js';
import { CreateJoinRequests1795978220147 } from '../../../migrations/1795978220147-create-join-requests.js';
import { CreateInvitations1764880002000 } from '../../../migrations/1764880002000-create-invitations.js';
import { IndexEndsOfMutes1764880001000 } from '../../../migrations/1764880001000-index-ends-of-mutes.js';
import { CreateScheduledMessages1764890000000 } from '../../../migrations/1764890000000-create-scheduled-messages.js';
import { CreateSavedMessagesAndDrafts1764890001000 } from '../../../migrations/1764890001000-create-saved-messages-and-drafts.js';
import { AddNotificationOfMessages1764890002000 } from '../../../migrations/1764890002000-add-notification-of-messages.js';
import { AddFormOfSearchIndex1764895000000 } from '../../../migrations/1764895000000-add-form-of-search-index.js';
import { IndexFormOfSearchIndex1764895001000 } from '../../../migrations/1764895001000-index-form-of-search-index.js';
import { AddImageSizesAndWaveforms1764895010000 } from '../../../migrations/1764895010000-add-image-sizes-and-waveforms.js';
import { DropAppendOfJson1795980139176 } from '../../../migrations/1795980139176-drop-append-of-json.js';
import { AddForwardedMessages1795980140616 } from '../../../migrations/1795980140616-add-forwarded-messages.js';
import { CreateResumableUploads1795981087063 } from '../../../migrations/1795981087063-create-resumable-uploads.js';
import { AddAudienceOfMessages1795983851919 } from '../../../migrations/1795983851919-add-audience-of-messages.js';
import { IndexLimitedMessages1795983851920 } from '../../../migrations/1795983851920-index-limited-messages.js';
import { AddShadowBans1795983851921 } from '../../../migrations/1795983851921-add-shadow-bans.js';
import { CreateStreamingMessages1795984568449 } from '../../../migrations/1795984568449-create-streaming-messages.js';
import { AddLocationsAndContacts1795985747194 } from '../../../migrations/1795985747194-add-locations-and-contacts.js';
import { AddLinkPreviews1795985747231 } from '../../../migrations/1795985747231-add-link-previews.js';

/** Every migration, oldest first. They are listed and not discovered: only compiled migrations run. */
export const MIGRATIONS: readonly (new () => MigrationInterface)[] = [
  CreatePlatform1764700000000,
  CreateUsers1764700001000,
  CreateAuth1764700002000,
  CreateConversations1764700003000,
  CreateParticipants1764700004000,
  CreatePresence1764700005000,
  CreateFiles1764700006000,
  CreateMessages1764700007000,
  CreateWebhooks1764700008000,
  CreateAdmin1764700009000,
  CreateServerKeys1764800000000,
  NameKeysInAuditLog1764800001000,
  AddTokensOfTheHost1764810000000,
  AddExternalIdsOfUsers1764820000000,
  AddMetadataOfUsers1764820001000,
  AddDeactivationOfUsers1764820002000,
  AddDataOfTheHostToConversations1764830000000,
  AddUnreadMarks1764840000000,
  IndexUncountedMessages1764840001000,
  CreateThreads1764840100000,
  IndexThreadReplies1764840101000,
  CreateBeforeSendHook1764850000000,
  CreateLegalHolds1764850001000,
  CreatePolls1764850002000,
  CreateUnreadReminders1764850003000,
  CreateConversationTypes1764860000000,
  IndexParticipantsInOrder1764860001000,
  AddVisibleHistory1764870000000,
  AddTruncations1764870001000,
  AddEndOfMutes1764880000000,
  IndexEndsOfMutes1764880001000,
  CreateInvitations1764880002000,
  CreateInviteLinks1764880003000,
  CreateScheduledMessages1764890000000,
  CreateSavedMessagesAndDrafts1764890001000,
  AddNotificationOfMessages1764890002000,
  AddFormOfSearchIndex1764895000000,
  IndexFormOfSearchIndex1764895001000,
  AddImageSizesAndWaveforms1764895010000,
  CreateJoinRequests1795978220147,
  DropAppendOfJson1795980139176,
  AddForwardedMessages1795980140616,
  CreateResumableUploads1795981087063,
  AddCreateRole1795982174524,
  AddAudienceOfMessages1795983851919,
  IndexLimitedMessages1795983851920,
  AddShadowBans1795983851921,
  CreateStreamingMessages1795984568449,
  AddLocationsAndContacts1795985747194,
  AddLinkPreviews1795985747231,
];

/** The table in which TypeORM records the applied migrations. */
export const MIGRATIONS_TABLE = 'schema_migrations';

/** The first of the migrations that were replaced by one baseline per module before the first release. */
const FORMER_FIRST = 'CreateStreams1763700000000';

/** Returns the applied migrations of a database, oldest first; none for an empty database. */
export async function appliedMigrations(client: pg.ClientBase): Promise<string[]> {
  const { rows: known } = await client.query(
    `select from pg_class where oid = to_regclass('public.${MIGRATIONS_TABLE}')`,
  );
  if (known.length === 0) return [];
  const { rows } = await client.query<{ name: string }>(`select name from ${MIGRATIONS_TABLE} order by timestamp, id`);
  return rows.map(({ name }) => name);
}

/** Whether these migrations were applied by a development version from before the first release. */
export function isFormerSchema(migrations: readonly string[]): boolean {
  return migrations.includes(FORMER_FIRST);
}
