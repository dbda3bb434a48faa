import type { DeliveryRow } from './deliveries.repository.js';
import type { DeliveryDto, WebhookDto } from './webhooks.dto.js';
import type { WebhookRow } from './webhooks.repository.js';

export function presentWebhook(row: WebhookRow): WebhookDto {
  const until = row.previous_secret_until;
  return {
    id: row.id,
    user_id: row.user_id,
    url: row.url,
    events: row.events,
    scope: row.scope,
    description: row.description,
    is_active: row.disabled_at === null,
    disabled_reason: row.disabled_why,
    disabled_at: row.disabled_at?.toISOString() ?? null,
    failures: row.failures,
    failing_since: row.failing_since?.toISOString() ?? null,
    previous_secret_until: until && until.getTime() > Date.now() ? until.toISOString() : null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

/** Who reads a delivery log. */
export interface LogReader {
  readonly isAdmin: boolean;
  /** Whether private networks are open to webhooks now: attempts that were not recorded as either may have gone there. */
  readonly allowPrivate: boolean;
}

/** What a receiver inside a private network answered is shown to admins only. */
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
