import { Injectable } from '@nestjs/common';
import type { UserDto } from '../../modules/users/users.dto.js';
import { UsersService } from '../../modules/users/users.service.js';
import { PermissionDenied } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { DirectUpdateProfileDto } from './direct-accounts.dto.js';

/** Changes profiles by the id of their owner, where our API uses `me`. */
@Injectable()
export class DirectUsers {
  constructor(private readonly users: UsersService) {}

  /** @throws PermissionDenied for the profile of another, ValidationError */
  update(actor: Actor, userId: string, dto: DirectUpdateProfileDto): Promise<UserDto> {
    if (userId !== actor.userId) throw new PermissionDenied('You may change your own profile only.');
    return this.users.updateProfile(actor, dto);
  }
}
