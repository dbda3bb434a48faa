import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';

export interface DirectoryRow {
  readonly id: string;
  readonly slug: string | null;
  readonly title: string | null;
  readonly description: string;
  readonly category: string;
  readonly created_at: Date;
  readonly active_count: number;
}

const IS_PUBLIC = `c.type = 'room' and c.deleted_at is null
      and coalesce((c.settings ->> 'is_private')::boolean, false) = false`;

/** Rooms without a category are in this one. */
const CATEGORY = `coalesce(c.category, 'general')`;

/** The participants whose visible presence is not offline. */
const ACTIVE = `(select count(*) from participants p
             join presence_settings s on s.user_id = p.user_id and s.announced_status <> 'offline'
            where p.conversation_id = c.id and p.left_seq is null) as active_count`;

const PAGE = statement<DirectoryRow>(
  'conversations.room_directory',
  `select c.id, c.slug, c.title, c.description, ${CATEGORY} as category, c.created_at, ${ACTIVE}
     from conversations c
    where ${IS_PUBLIC} and ($1::text is null or ${CATEGORY} = $1)
    order by c.created_at, c.id limit $2 offset $3`,
);

const COUNT = statement<{ total: number }>(
  'conversations.count_rooms',
  `select count(*) as total from conversations c where ${IS_PUBLIC} and ($1::text is null or ${CATEGORY} = $1)`,
);

const ACTIVE_IN = statement<{ active_count: number }>(
  'conversations.active_in',
  `select ${ACTIVE} from conversations c where c.id = $1`,
);

const SLUGS = statement<{ id: string; slug: string }>(
  'conversations.slugs',
  `select id, slug from conversations where slug is not null and deleted_at is null order by id limit $1`,
);

/** Owns: nothing. Reads: conversations, participants, presence_settings. */
@Injectable()
export class RoomDirectoryRepository {
  constructor(private readonly sql: Sql) {}

  page(filter: { category?: string; limit: number; offset: number }): Promise<DirectoryRow[]> {
    return this.sql.many(PAGE, [filter.category ?? null, filter.limit, filter.offset]);
  }

  async count(category: string | undefined): Promise<number> {
    return (await this.sql.one(COUNT, [category ?? null]))!.total;
  }

  async countOnlineParticipants(conversationId: string): Promise<number> {
    return (await this.sql.one(ACTIVE_IN, [conversationId]))?.active_count ?? 0;
  }

  /** The slugs of all rooms, private ones included. */
  findSlugs(limit: number): Promise<{ id: string; slug: string }[]> {
    return this.sql.many(SLUGS, [limit]);
  }
}
