import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { ParticipantRole } from '../participant-roles.js';

export interface InviteLinkRow {
  readonly id: string;
  readonly conversation_id: string;
  readonly role: ParticipantRole;
  readonly created_by: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly max_uses: number | null;
  readonly use_count: number;
}

export interface NewInviteLink extends Omit<InviteLinkRow, 'use_count'> {
  readonly codeHash: Buffer;
}

const COLUMNS = `l.id, l.conversation_id, l.role, l.created_by, l.created_at, l.expires_at, l.max_uses, l.use_count`;
const IS_USABLE = `(l.expires_at is null or l.expires_at > now()) and (l.max_uses is null or l.use_count < l.max_uses)`;

const INSERT = statement<unknown>(
  'participants.insert_invite_link',
  `insert into invite_links (id, conversation_id, code_hash, role, created_by, created_at, expires_at, max_uses)
   values ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

const PAGE = statement<InviteLinkRow>(
  'participants.invite_links',
  `select ${COLUMNS} from invite_links l
    where l.conversation_id = $1 and ${IS_USABLE} and ($2::uuid is null or l.id < $2) order by l.id desc limit $3`,
);

const DELETE_UNUSABLE = statement<unknown>(
  'participants.delete_unusable_invite_links',
  `delete from invite_links l where l.conversation_id = $1 and not (${IS_USABLE})`,
);

const COUNT = statement<{ count: number }>(
  'participants.count_invite_links',
  `select count(*) as count from invite_links where conversation_id = $1`,
);

const DELETE = statement<unknown>(
  'participants.delete_invite_link',
  `delete from invite_links where conversation_id = $1 and id = $2`,
);

const FIND_BY_CODE = statement<InviteLinkRow>(
  'participants.invite_link_by_code',
  `select ${COLUMNS} from invite_links l
     join conversations c on c.id = l.conversation_id and c.deleted_at is null
    where l.code_hash = $1 and ${IS_USABLE}`,
);

const COUNT_USE = statement<unknown>(
  'participants.count_use_of_invite_link',
  `update invite_links set use_count = use_count + 1 where id = $1`,
);

/** Owns: invite_links. Reads: conversations. */
@Injectable()
export class InviteLinksRepository {
  constructor(private readonly sql: Sql) {}

  /** Stores a link, and deletes those of the conversation that can no longer be used. */
  async insert(tx: Queryable, link: NewInviteLink): Promise<void> {
    const { id, conversation_id, codeHash, role, created_by, created_at, expires_at, max_uses } = link;
    await tx.run(DELETE_UNUSABLE, [conversation_id]);
    await tx.run(INSERT, [id, conversation_id, codeHash, role, created_by, created_at, expires_at, max_uses]);
  }

  /** The links that can be used, the newest first; `after` is the last one before the page. */
  page(conversationId: string, after: string | null, limit: number): Promise<InviteLinkRow[]> {
    return this.sql.many(PAGE, [conversationId, after, limit]);
  }

  async count(tx: Queryable, conversationId: string): Promise<number> {
    return (await tx.one(COUNT, [conversationId]))?.count ?? 0;
  }

  async delete(tx: Queryable, conversationId: string, id: string): Promise<void> {
    await tx.run(DELETE, [conversationId, id]);
  }

  /** The link with this code, if it can be used. */
  findByCode(codeHash: Buffer, tx: Queryable = this.sql): Promise<InviteLinkRow | undefined> {
    return tx.one(FIND_BY_CODE, [codeHash]);
  }

  /** Under the lock of the conversation, as every use is. */
  async countUse(tx: Queryable, id: string): Promise<void> {
    await tx.run(COUNT_USE, [id]);
  }
}
