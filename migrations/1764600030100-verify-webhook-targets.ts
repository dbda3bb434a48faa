import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A new address of a webhook answers a challenge before its first event. Webhooks that are there already, and those that
 * an older version makes beside this one, count as verified.
 */
export class VerifyWebhookTargets1764600030100 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table webhooks
        add column verified_at timestamptz default now(),
        add column challenge_at timestamptz,
        add column challenge_tries int not null default 0,
        add column challenge_error text,
        add column target_host text generated always as (
          regexp_replace(regexp_replace(host, ':[0-9]+$', ''), '[.]+$', '')) stored,
        drop constraint webhooks_disabled_why_check,
        add constraint webhooks_disabled_why_check
          check (disabled_why in ('owner', 'gone', 'failing', 'unverified'))`);
    await db.query(`comment on column webhooks.verified_at is 'when its address answered; null: nothing is sent yet'`);
    await db.query(
      `comment on column webhooks.challenge_at is 'when the next challenge is due, or the current one lost'`,
    );
    await db.query(
      `comment on column webhooks.target_host is 'the host without its port, which makes no other host of it'`,
    );
    await db.query(`create index webhooks_challenge_at_idx on webhooks (challenge_at) where challenge_at is not null`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`update webhooks set disabled_why = 'failing' where disabled_why = 'unverified'`);
    await db.query(`
      alter table webhooks
        drop column verified_at, drop column challenge_at, drop column challenge_tries, drop column challenge_error,
        drop column target_host,
        drop constraint webhooks_disabled_why_check,
        add constraint webhooks_disabled_why_check check (disabled_why in ('owner', 'gone', 'failing'))`);
  }
}
