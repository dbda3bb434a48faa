import { Module } from '@nestjs/common';
import { IdempotencyRepository } from '../../platform/http/idempotency.repository.js';
import { PresenceLookup } from './presence-lookup.service.js';
import { SystemUserProfile } from './system-user-profile.js';
import { UserAdministration } from './user-administration.service.js';
import { UsersController } from './users.controller.js';
import { UsersGateway } from './users.gateway.js';
import { UsersPolicy } from './users.policy.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

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
  ],
  exports: [UsersService, UserAdministration, UsersPolicy, PresenceLookup],
})
export class UsersModule {}
