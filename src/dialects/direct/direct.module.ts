import { Module } from '@nestjs/common';
import { AuthModule } from '../../modules/auth/auth.module.js';
import { ConversationsModule } from '../../modules/conversations/conversations.module.js';
import { MessagesModule } from '../../modules/messages/messages.module.js';
import { ParticipantsModule } from '../../modules/participants/participants.module.js';
import { PresenceModule } from '../../modules/presence/presence.module.js';
import { UsersModule } from '../../modules/users/users.module.js';
import { WebhooksModule } from '../../modules/webhooks/webhooks.module.js';
import { DialectModule } from '../dialect.module.js';
import { DirectAccountsController, VersionedAccountsController } from './direct-accounts.controller.js';
import { DirectGroups } from './direct-groups.js';
import { DirectMessagesController, VersionedMessagesController } from './direct-messages.controller.js';
import { DirectMessages } from './direct-messages.js';
import { DIRECT_ERRORS } from './direct.errors.js';
import { DIRECT_SOCKET_PATH, DirectUpgradeHandler, DirectGateway } from './direct.gateway.js';

/**
 * The dialect at `/api/auth/…`, `/api/users…`, `/api/messages`, `/api/groups`, `/api/webhooks`, the same under `/v1`,
 * and `/ws`.
 */
@Module({
  imports: [
    DialectModule.register({
      // `/api/users/status` belongs to classroom; `/v2` is a beta version without public access.
      paths: /^\/api\/(?!users\/status\/?$)(?:(?:auth|users|groups|webhooks)(?:\/|$)|messages\/?$)|^\/v[12](?:\/|$)/,
      errors: DIRECT_ERRORS,
      socket: { paths: DIRECT_SOCKET_PATH, handler: DirectUpgradeHandler },
    }),
    UsersModule,
    AuthModule,
    ParticipantsModule,
    ConversationsModule,
    PresenceModule,
    MessagesModule,
    WebhooksModule,
  ],
  controllers: [
    DirectAccountsController,
    DirectMessagesController,
    VersionedAccountsController,
    VersionedMessagesController,
  ],
  providers: [DirectMessages, DirectGroups, DirectUpgradeHandler, DirectGateway],
})
export class DirectDialectModule {}
