import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../../platform/database/sql.js';

const CLAIM = statement<unknown>(
  'files.claim_folder',
  `insert into file_folder (id) values ($1) on conflict (only_row) do nothing`,
);

const KNOWN = statement<{ id: string }>('files.known_folder', `select id from file_folder`);

const NEWEST = statement<{ id: string; category: string }>(
  'files.newest_ready',
  `select coalesce(object_id, id) as id, category from files
    where status = 'ready' and deleted_at is null order by files.id desc limit 1`,
);

/** Owns: file_folder. Reads: files. */
@Injectable()
export class FilesFolderRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns the id of the folder of this installation; stores the given one if there is none. */
  async claim(id: string): Promise<string> {
    await this.sql.run(CLAIM, [id]);
    return (await this.sql.one(KNOWN, []))!.id;
  }

  /** The newest file; `id` is that of its bytes. */
  findNewest(): Promise<{ id: string; category: string } | undefined> {
    return this.sql.one(NEWEST, []);
  }
}
