import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import type { UserRow } from './users.dto.js';
import { USER_COLUMNS, type UserPageRequest } from './users.repository.js';

const DELETE_BLOCKS = statement<unknown>('users.forget_blocks', `delete from user_blocks where blocker_id = $1`);

/**
 * Blocks the partners in direct conversations: the existing checks for blocks then refuse sends, edits and reactions.
 */
const BLOCK_DIRECT_PARTNERS = statement<unknown>(
  'users.block_direct_partners',
  `insert into user_blocks (blocker_id, blocked_id)
   select own.user_id, other.user_id
     from participants own
     join conversations c on c.id = own.conversation_id and c.type = 'direct'
     join participants other on other.conversation_id = own.conversation_id and other.user_id <> own.user_id
    where own.user_id = $1
       on conflict do nothing`,
);

const BLOCK = statement<unknown>(
  'users.block',
  `insert into user_blocks (blocker_id, blocked_id) values ($1, $2) on conflict do nothing`,
);

const UNBLOCK = statement<unknown>(
  'users.unblock',
  `delete from user_blocks where blocker_id = $1 and blocked_id = $2`,
);

const BLOCKS = statement<UserRow>(
  'users.blocks',
  `select ${USER_COLUMNS} from user_blocks b join users u on u.id = b.blocked_id
    where b.blocker_id = $1 and u.deleted_at is null and u.username > $2 order by u.username limit $3`,
);

/** Users who do not want messages from others. Owns: user_blocks. Reads: users, participants, conversations. */
@Injectable()
export class UserBlocksRepository {
  constructor(private readonly sql: Sql) {}

  async block(tx: Queryable, blockerId: string, blockedId: string): Promise<void> {
    await tx.run(BLOCK, [blockerId, blockedId]);
  }

  async unblock(tx: Queryable, blockerId: string, blockedId: string): Promise<void> {
    await tx.run(UNBLOCK, [blockerId, blockedId]);
  }

  /** Returns one row more than the page has. */
  findBlockedUsers(blockerId: string, page: UserPageRequest): Promise<UserRow[]> {
    return this.sql.many(BLOCKS, [blockerId, page.after, page.limit + 1]);
  }

  /** Replaces the blocks of an erased account: the partners of its direct conversations can no longer write there. */
  async replaceByErasure(tx: Queryable, userId: string): Promise<void> {
    await tx.run(DELETE_BLOCKS, [userId]);
    await tx.run(BLOCK_DIRECT_PARTNERS, [userId]);
  }
}
