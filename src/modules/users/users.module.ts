import { Global, Module, type OnModuleInit, Optional } from '@nestjs/common';
import { LargeBodies } from '../../platform/http/body-parser.js';
import { IdempotencyRepository } from '../../platform/http/idempotency.repository.js';
import { ExternalUsers } from '../../platform/identity/external-users.js';
import { HostUsersController } from './host/host-users.controller.js';
import { BATCH_BODY_LIMITS } from './host/host-users.dto.js';
import { HostUsersRepository } from './host/host-users.repository.js';
import { HostUsersService } from './host/host-users.service.js';
import { UpsertUsers } from './host/upsert-users.js';
import { UserBatchController } from './host/user-batch.controller.js';
import { KnownExternalUsers } from './known-external-users.js';
import { PresenceLookup } from './presence-lookup.service.js';
import { ShadowBans } from './shadow-bans.service.js';
import { ShadowBansRepository } from './shadow-bans.repository.js';
import { SystemUserProfile } from './system-user-profile.js';
import { UserAdministration } from './user-administration.service.js';
import { UsersController } from './users.controller.js';
import { UsersGateway } from './users.gateway.js';
import { UsersPolicy } from './users.policy.js';
import { UserBlocksRepository } from './user-blocks.repository.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

/** Global, because the platform asks `ExternalUsers` for every external reference and cannot import a module. */
@Global()
@Module({
  // Routes with a word in a path come before those with a parameter in its place.
  controllers: [UserBatchController, UsersController, HostUsersController],
  providers: [
    UsersService,
    UsersPolicy,
    UsersRepository,
    UserBlocksRepository,
    UsersGateway,
    PresenceLookup,
    UserAdministration,
    ShadowBans,
    ShadowBansRepository,
    SystemUserProfile,
    IdempotencyRepository,
    KnownExternalUsers,
    HostUsersService,
    HostUsersRepository,
    UpsertUsers,
    { provide: ExternalUsers, useExisting: KnownExternalUsers },
  ],
  exports: [UsersService, UserAdministration, ShadowBans, UsersPolicy, PresenceLookup, ExternalUsers],
})
export class UsersModule implements OnModuleInit {
  /** Without HTTP there are no bodies. */
  constructor(@Optional() private readonly largeBodies?: LargeBodies) {}

  onModuleInit(): void {
    this.largeBodies?.register('PUT', '/api/v1/users/batch', BATCH_BODY_LIMITS);
  }
}
