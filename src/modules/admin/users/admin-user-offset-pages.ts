import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/identity/actor.js';
import type { OffsetPage, OffsetRange } from '../../../platform/pagination/page.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { presentAdminUser } from './admin-user-presenter.js';
import { AdminUserOffsetPagesRepository, type UserOffsetFilter } from './admin-user-offset-pages.repository.js';
import type { AdminUserDto } from './admin-users.dto.js';

/**
 * Only for dialects: accounts by offset, newest first, for clients with numbered pages. Every row before the page is
 * read, too.
 */
@Injectable()
export class AdminUserOffsetPages {
  constructor(
    private readonly repository: AdminUserOffsetPagesRepository,
    private readonly policy: UsersPolicy,
  ) {}

  /** @throws PermissionDenied */
  async page(
    actor: Actor,
    { search, ...filter }: UserOffsetFilter,
    { offset, limit }: OffsetRange,
  ): Promise<OffsetPage<AdminUserDto>> {
    await this.policy.requireRank(actor, 'admin');
    const normalised = { ...filter, search: search?.trim() };
    const [total, rows] = [
      await this.repository.total(normalised),
      await this.repository.page(normalised, offset, limit),
    ];
    return { data: rows.map(presentAdminUser), total };
  }
}
