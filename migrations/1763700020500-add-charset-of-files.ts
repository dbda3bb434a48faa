import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Text is taken in more than UTF-8, and the folder of stored files is known by an id, where files are kept on disk. */
export class AddCharsetOfFiles1763700020500 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table files add column charset text`);
    await db.query(`comment on column files.charset is 'of text; null means UTF-8'`);
    await db.query(`
      create table file_folder (
        only_row boolean primary key default true check (only_row),
        id       uuid    not null
      )`);
    await db.query(`comment on table file_folder is 'which folder holds the stored files when STORAGE is disk'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table file_folder`);
    await db.query(`alter table files drop column charset`);
  }
}
