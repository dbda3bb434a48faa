import { Global, Module } from '@nestjs/common';
import { IdempotencyRepository } from '../../platform/http/idempotency.repository.js';
import { ExternalUsers } from '../../platform/identity/external-users.js';
import { KnownExternalUsers } from './known-external-users.js';
import { PresenceLookup } from './presence-lookup.service.js';
import { SystemUserProfile } from './system-user-profile.js';
import { UserAdministration } from './user-administration.service.js';
import { UsersController } from './users.controller.js';
import { UsersGateway } from './users.gateway.js';
import { UsersPolicy } from './users.policy.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

/** Global, because the platform asks `ExternalUsers` for every external reference and cannot import a module. */
@Global()
@Module({
  controllers: [UsersController],
  providers: [
    UsersService,
    UsersPolicy,
    UsersRepository,
    UsersGateway,
    PresenceLookup,
    UserAdministration,
    SystemUserProfile,
    IdempotencyRepository,
    KnownExternalUsers,
    { provide: ExternalUsers, useExisting: KnownExternalUsers },
  ],
  exports: [UsersService, UserAdministration, UsersPolicy, PresenceLookup, ExternalUsers],
})
export class UsersModule {}
