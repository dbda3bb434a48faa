import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/identity/actor.js';
import type { OffsetPage, OffsetRange } from '../../../platform/pagination/page.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { presentAdminUser } from './admin-user-presenter.js';
import { AdminUserSlicesRepository, type UserSliceFilter } from './admin-user-slices.repository.js';
import type { AdminUserDto } from './admin-users.dto.js';

/**
 * Only for dialects: accounts by offset, newest first, for clients with numbered pages. Every row before the page is
 * read, too.
 */
@Injectable()
export class AdminUserSlices {
  constructor(
    private readonly repository: AdminUserSlicesRepository,
    private readonly policy: UsersPolicy,
  ) {}

  /** @throws PermissionDenied */
  async slice(
    actor: Actor,
    { search, ...filter }: UserSliceFilter,
    { offset, limit }: OffsetRange,
  ): Promise<OffsetPage<AdminUserDto>> {
    await this.policy.requireRank(actor, 'admin');
    const normalised = { ...filter, search: search?.trim() };
    const [total, rows] = [
      await this.repository.total(normalised),
      await this.repository.slice(normalised, offset, limit),
    ];
    return { data: rows.map(presentAdminUser), total };
  }
}
