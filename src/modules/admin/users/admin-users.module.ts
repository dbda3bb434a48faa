import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { FilesModule } from '../../files/files.module.js';
import { ParticipantsModule } from '../../participants/participants.module.js';
import { UsersModule } from '../../users/users.module.js';
import { WebhooksModule } from '../../webhooks/webhooks.module.js';
import { AccountDeletionsRepository } from './account-deletions.repository.js';
import { AdminAccountsController } from './admin-accounts.controller.js';
import { AdminUserSlices } from './admin-user-slices.js';
import { AdminUserSlicesRepository } from './admin-user-slices.repository.js';
import { AdminUsersController } from './admin-users.controller.js';
import { AdminUsersRepository } from './admin-users.repository.js';
import { AdminUsersService } from './admin-users.service.js';
import { DeleteAccount } from './delete-account.js';
import { ExportUser } from './export-user.js';
import { ExportRepository } from './export.repository.js';
import { OwnAccountController } from './own-account.controller.js';

/** Accounts: management by admins, and export and deletion. */
@Module({
  imports: [UsersModule, AuthModule, ParticipantsModule, FilesModule, WebhooksModule],
  controllers: [AdminUsersController, AdminAccountsController, OwnAccountController],
  providers: [
    ...[AdminUsersService, AdminUsersRepository, AdminUserSlices, AdminUserSlicesRepository],
    ...[DeleteAccount, AccountDeletionsRepository],
    ...[ExportUser, ExportRepository],
  ],
  exports: [AdminUsersService, AdminUserSlices],
})
export class AdminUsersModule {}
