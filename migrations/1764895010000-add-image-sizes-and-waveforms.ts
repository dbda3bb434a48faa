import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/** What a scan makes of an image beside its thumbnail, and of a recording. */
export class AddImageSizesAndWaveforms1764895010000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table files add column image_sizes jsonb, add column waveform smallint[]`);
    await db.query(
      `comment on column files.image_sizes is 'the thumbnails, smallest first: [{name, width, height}]; null: only small'`,
    );
    await db.query(`comment on column files.waveform is 'the loudest sample of each part, from 0 to 100'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await dropFunctions(db, 'file_json(files)');
    await db.query(`alter table files drop column image_sizes, drop column waveform`);
  }
}
