import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whoever leaves a conversation, or is removed from it, is told outside that he did: by then he takes part no more, so
 * nothing would be written for him alone.
 */
export class TellLeavers1763700015000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(OUTBOX_WANTS);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop function outbox_wants(text, uuid, uuid)`);
  }
}

const OUTBOX_WANTS = `
create function outbox_wants(wanted text, stream uuid, subject uuid) returns boolean
language plpgsql stable
as $$
begin
  return outbox_wants(wanted, stream)
      or wanted = 'participant.left'
         and exists (select from outbox_interests i where i.type = wanted and i.user_id = subject);
end
$$`;
