import type { DeliveryRow } from './deliveries.repository.js';
import type { DeliveryDto, WebhookDto, WebhookVerificationDto } from './webhooks.dto.js';
import { MAX_CHALLENGES, type WebhookRow } from './webhooks.repository.js';

export function presentWebhook(row: WebhookRow): WebhookDto {
  const until = row.previous_secret_until;
  return {
    id: row.id,
    user_id: row.user_id,
    url: row.url,
    events: row.events,
    scope: row.scope,
    description: row.description,
    status: statusOf(row),
    is_active: statusOf(row) === 'active',
    verification: presentVerification(row),
    disabled_reason: row.disabled_why,
    disabled_at: row.disabled_at?.toISOString() ?? null,
    failures: row.failures,
    failing_since: row.failing_since?.toISOString() ?? null,
    previous_secret_until: until && until.getTime() > Date.now() ? until.toISOString() : null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

function statusOf({ disabled_at, verified_at }: WebhookRow): WebhookDto['status'] {
  if (disabled_at) return 'disabled';
  return verified_at ? 'active' : 'pending_verification';
}

function presentVerification(row: WebhookRow): WebhookVerificationDto {
  const { id, verified_at, disabled_at, challenge_at, challenge_error, challenge_tries } = row;
  const isPending = !verified_at && !disabled_at;
  return {
    verified_at: verified_at?.toISOString() ?? null,
    challenges: Math.min(challenge_tries, MAX_CHALLENGES),
    error: verified_at ? null : challenge_error,
    next_challenge_at: (isPending && challenge_at?.toISOString()) || null,
    request_again: verified_at ? null : `POST /api/v1/webhooks/${id}/verification`,
  };
}

/** The reader of a delivery log. */
export interface LogReader {
  readonly isAdmin: boolean;
  /** Whether private networks are allowed now: attempts without a record of it may have been sent there. */
  readonly allowPrivate: boolean;
}

/** The response of a receiver in a private network is visible to admins only. */
export function presentDelivery(row: DeliveryRow, { isAdmin, allowPrivate }: LogReader): DeliveryDto {
  const isPending = row.status === 'waiting' || row.status === 'queued';
  return {
    id: row.id,
    webhook_id: row.webhook_id,
    event_id: row.event_id,
    event: row.event,
    event_at: row.event_at.toISOString(),
    status: row.status === 'waiting' || row.status === 'queued' ? 'pending' : row.status,
    reason: row.reason,
    next_attempt_at: isPending ? row.next_attempt_at.toISOString() : null,
    settled_at: row.settled_at?.toISOString() ?? null,
    attempts: (row.log ?? []).map(({ is_private, ...attempt }) => {
      const isWithheld = (is_private ?? allowPrivate) && !isAdmin;
      const answer = isWithheld ? null : attempt.answer;
      return { ...attempt, at: new Date(attempt.at).toISOString(), answer, is_answer_withheld: isWithheld };
    }),
    created_at: row.created_at.toISOString(),
  };
}
