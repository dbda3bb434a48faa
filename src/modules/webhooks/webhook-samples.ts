import type { WebhookCatalogueDto } from './webhooks.dto.js';
import { WEBHOOK_EVENTS } from './webhook-catalogue.js';

const AT = '2026-11-21T06:11:00.123Z';

/** Every type of event with a complete body, without its signature. */
export function webhookCatalogue(): WebhookCatalogueDto {
  return {
    data: WEBHOOK_EVENTS.map(({ type, summary, sample }) => ({
      type,
      summary,
      sample: { event: type, timestamp: AT, data: sample },
    })),
  };
}
