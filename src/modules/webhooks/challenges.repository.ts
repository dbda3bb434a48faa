import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';
import { MAX_CHALLENGES } from './webhooks.repository.js';

/** A webhook whose URL is being challenged. It is challenged again when the claim expires without a result. */
export interface ClaimedChallenge {
  readonly webhook_id: string;
  readonly user_id: string;
  readonly url: string;
  readonly secret_box: Buffer;
  readonly previous_secret_box: Buffer | null;
  /** The number of this challenge; above MAX_CHALLENGES none is left. */
  readonly challenge_tries: number;
}

/** One webhook of an account at a time: an account with many slow URLs delays only itself. */
const CLAIM = statement<ClaimedChallenge>(
  'webhooks.claim_challenges',
  `with due as materialized (
     select distinct on (user_id) id, challenge_at from webhooks
      where challenge_at <= now() and verified_at is null and disabled_at is null and user_id <> all($1::uuid[])
      order by user_id, challenge_at
   ), chosen as materialized (
     select w.id from webhooks w join due on due.id = w.id and w.challenge_at <= now()
      order by due.challenge_at limit $2 for no key update of w skip locked
   )
   update webhooks w
      set challenge_at = now() + make_interval(secs => $3), challenge_tries = w.challenge_tries + 1
     from chosen
    where w.id = chosen.id
   returning w.id as webhook_id, w.user_id, w.url, w.secret_box, w.challenge_tries,
             case when w.previous_secret_until > now() then w.previous_secret_box end as previous_secret_box`,
);

/** Matches the URL and the number of the challenge: the result for another URL does not apply to this one. */
const SAME_CHALLENGE = `id = $1 and url = $2 and challenge_tries = $3 and verified_at is null`;

const SUCCEED = statement<unknown>(
  'webhooks.verify',
  `update webhooks set verified_at = now(), challenge_at = null, challenge_error = null where ${SAME_CHALLENGE}`,
);

/**
 * After the last challenge the claim stays: if the process dies before it disables the webhook, the next claim does.
 */
const FAIL = statement<unknown>(
  'webhooks.fail_challenge',
  `update webhooks
      set challenge_error = $4,
          challenge_at = case when challenge_tries < ${MAX_CHALLENGES} then now() + make_interval(secs => $5) else challenge_at end
    where ${SAME_CHALLENGE}`,
);

/** Owns: webhooks. Reads: nothing else. */
@Injectable()
export class ChallengesRepository {
  constructor(private readonly sql: Sql) {}

  /** Claims some due challenges for so many seconds, of accounts without one in progress in this process. */
  claim(busyUserIds: readonly string[], limit: number, seconds: number): Promise<ClaimedChallenge[]> {
    return this.sql.many(CLAIM, [[...busyUserIds], limit, seconds]);
  }

  /** Returns false when the webhook has another URL by now, or was challenged again. */
  async succeed({ webhook_id: id, url, challenge_tries: tries }: ClaimedChallenge): Promise<boolean> {
    return (await this.sql.run(SUCCEED, [id, url, tries])) > 0;
  }

  /** Schedules the next challenge after so many seconds, unless this was the last. */
  async fail(claim: ClaimedChallenge, error: string, delaySeconds: number): Promise<void> {
    const { webhook_id: id, url, challenge_tries: tries } = claim;
    await this.sql.run(FAIL, [id, url, tries, error, delaySeconds]);
  }
}
