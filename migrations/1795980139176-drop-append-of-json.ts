import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/** `append_messages` takes an array for each field. */
export class DropAppendOfJson1795980139176 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await dropFunctions(db, 'append_messages(json)');
  }

  async down(db: QueryRunner): Promise<void> {
    await dropFunctions(db, 'append_messages(json)');
  }
}
