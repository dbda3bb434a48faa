import type { Config } from '../../platform/config/config.js';
import type { FieldProblem } from '../../platform/errors/app-error.js';
import { problemsOf } from '../../platform/validation/input-rules.js';
import { REPORT_CREATED, REPORT_RESOLVED } from '../admin/moderation/moderation.events.js';
import { USER_BANNED, USER_CREATED } from '../users/users.events.js';
import { WEBHOOK_EVENT_TYPES } from './webhook-catalogue.js';
import { requireSecret } from './webhook-secrets.js';
import { WebhookUrlPolicy } from './webhook-url.policy.js';

/** Events about any user, and of moderation. Only webhooks with the scope `all` receive them. */
export const ALL_SCOPE_EVENTS: readonly string[] = [USER_CREATED, USER_BANNED, REPORT_CREATED, REPORT_RESOLVED];

/** The input of a client for a webhook. */
export interface WebhookInput {
  readonly url?: string;
  readonly events?: string[];
  readonly secret?: string;
  readonly scope?: string;
}

/** Checks that need neither the network nor the database. */
export function problemsOfWebhook({ url, events, secret, scope }: WebhookInput, config: Config): FieldProblem[] {
  const ofUrl = url === undefined ? undefined : new WebhookUrlPolicy(config).check(url);
  const ofEvents = events && problemOfEvents(events, scope ?? 'own');
  return [
    ...(ofUrl === undefined ? [] : [{ field: 'url', reason: ofUrl }]),
    ...(ofEvents === undefined ? [] : [{ field: 'events', reason: ofEvents }]),
    ...(secret === undefined ? [] : problemsOf(() => requireSecret(secret))),
  ];
}

/** Returns what is wrong with the types of events; undefined if nothing is. */
export function problemOfEvents(events: readonly string[], scope: string): string | undefined {
  if (events.some((type) => !WEBHOOK_EVENT_TYPES.includes(type)))
    return 'has a type that is not in GET /webhooks/events';
  if (events.length === 0) return 'must name at least one type';
  if (scope === 'own' && events.some((type) => ALL_SCOPE_EVENTS.includes(type))) {
    return `${ALL_SCOPE_EVENTS.join(', ')} require the scope all`;
  }
  return undefined;
}
