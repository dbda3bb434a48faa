import { Injectable } from '@nestjs/common';
import { type Queryable, Sql, statement } from '../../../platform/database/sql.js';
import type { LinkPreviewDto, PageSummary } from './link-previews.dto.js';

const IS_ALLOWED = statement<{ is_allowed: boolean }>(
  'link_previews.is_allowed',
  `select not feature_is_off('link_previews', t.settings, c.settings) as is_allowed
     from conversations c left join conversation_types t on t.name = coalesce(c.type_name, c.type)
    where c.id = $1 and c.deleted_at is null`,
);

const SET = statement<unknown>('link_previews.set', `update messages set link_previews = $2 where id = $1`);

const FIND_PAGE = statement<{ page: PageSummary | null }>(
  'link_previews.find_page',
  `select page from link_previews where url = $1 and expires_at > now()`,
);

const SAVE_PAGE = statement<unknown>(
  'link_previews.save_page',
  `insert into link_previews (url, page, expires_at) values ($1, $2, now() + make_interval(secs => $3))
       on conflict (url) do update set page = excluded.page, expires_at = excluded.expires_at`,
);

const DELETE_EXPIRED = statement<unknown>(
  'link_previews.delete_expired',
  `delete from link_previews where url in (select url from link_previews where expires_at <= now() limit $1)`,
);

const DELETE_EXCESS = statement<unknown>(
  'link_previews.delete_excess',
  `delete from link_previews where url in (
     select url from link_previews order by expires_at
      limit greatest(0, least($2::int, (select count(*) from link_previews)::int - $1::int)))`,
);

const COUNT_EXPIRED = statement<{ count: number }>(
  'link_previews.count_expired',
  `select count(*)::int as count from link_previews where expires_at <= now()`,
);

/** Owns: link_previews, messages. Reads: conversations, conversation_types. */
@Injectable()
export class LinkPreviewsRepository {
  constructor(private readonly sql: Sql) {}

  /** Whether messages of the conversation get previews: it is there, and neither it nor its type has switched them off. */
  async isAllowedIn(conversationId: string, tx: Queryable = this.sql): Promise<boolean> {
    return (await tx.one(IS_ALLOWED, [conversationId]))?.is_allowed ?? false;
  }

  /** Replaces the previews of a message. An empty list says that it is to have none, null that it has none. */
  async set(tx: Queryable, messageId: string, previews: readonly LinkPreviewDto[] | null): Promise<void> {
    await tx.run(SET, [messageId, previews && JSON.stringify(previews)]);
  }

  /** What is known of a page: null if it could not be read, undefined if it has to be read again. */
  async findPage(url: string): Promise<PageSummary | null | undefined> {
    return (await this.sql.one(FIND_PAGE, [url]))?.page;
  }

  async savePage(url: string, page: PageSummary | null, seconds: number): Promise<void> {
    await this.sql.run(SAVE_PAGE, [url, page && JSON.stringify(page), seconds]);
  }

  deleteExpired(limit: number): Promise<number> {
    return this.sql.run(DELETE_EXPIRED, [limit]);
  }

  /** Deletes pages beyond this number, those first that expire first. */
  deleteExcess(most: number, limit: number): Promise<number> {
    return this.sql.run(DELETE_EXCESS, [most, limit]);
  }

  async countExpired(): Promise<number> {
    return (await this.sql.one(COUNT_EXPIRED, []))!.count;
  }
}
