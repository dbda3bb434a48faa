import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { newId } from '../../platform/database/ids.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../platform/pagination/page.js';
import {
  DeliveriesRepository,
  type DeliveryCursor,
  type DeliveryRow,
  type DeliveryStatus,
} from './deliveries.repository.js';
import { presentDelivery } from './webhook-presenter.js';
import type { DeliveryDto, ListDeliveriesQuery, ReplayDto, ReplayedDto, PublicDeliveryStatus } from './webhooks.dto.js';
import { DeliveryNotFound, WebhookDisabled, WebhookNotFound } from './webhooks.errors.js';
import { DeliveriesDue, WEBHOOK_PING } from './webhooks.events.js';
import type { WebhookRow, WebhookViewer } from './webhooks.repository.js';
import { WebhooksService } from './webhooks.service.js';

const REPLAY_BATCH_SIZE = 2000;
/** The most batches in one call; a range may contain any number of deliveries. */
const REPLAY_BATCHES = 25;

/** The delivery log and replays. */
@Injectable()
export class DeliveriesService {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly repository: DeliveriesRepository,
    private readonly events: DomainEvents,
    private readonly config: Config,
  ) {}

  /** Newest first. @throws WebhookNotFound */
  async list(actor: Actor, webhookId: string, query: ListDeliveriesQuery): Promise<Page<DeliveryDto>> {
    const { limit = DEFAULT_PAGE_SIZE, cursor, status, event } = query;
    const viewer = await this.webhooks.viewerOf(actor);
    await this.webhooks.requireWebhook(viewer, webhookId);
    const after =
      cursor === undefined ? undefined : (decodeCursor(cursor, ['millis', 'uuid']) as unknown as DeliveryCursor);
    const rows = await this.repository.page(webhookId, {
      statuses: status && storedStatusesOf(status),
      event,
      after,
      limit,
    });
    return toPage(
      rows,
      limit,
      (row) => this.present(row, viewer),
      (row) => [row.created_at.getTime(), row.id],
    );
  }

  /**
   * Sends `webhook.ping` and returns its delivery, whose log will contain the response.
   * @throws WebhookNotFound, WebhookDisabled
   */
  async ping(actor: Actor, webhookId: string): Promise<DeliveryDto> {
    const deliveryId = newId();
    const viewer = await this.webhooks.inTransaction(actor, async (tx, viewer) => {
      const webhook = requireEnabled(await this.webhooks.requireWebhook(viewer, webhookId, tx));
      const data = { webhook_id: webhook.id, actor_id: actor.userId };
      const event = { id: newId(), type: WEBHOOK_PING, userId: webhook.user_id, webhookId, deliveryId, data };
      await this.repository.insertForWebhook(tx, event);
      return viewer;
    });
    this.events.publish(new DeliveriesDue());
    const row = await this.repository.find(deliveryId);
    if (!row) throw new WebhookNotFound(); // deleted in the meantime
    return this.present(row, viewer);
  }

  /** Replays a delivery of any status. @throws DeliveryNotFound, WebhookDisabled */
  async replayOne(actor: Actor, deliveryId: string): Promise<DeliveryDto> {
    const delivery = await this.webhooks.inTransaction(actor, async (tx, viewer) => {
      const found = await this.requireDelivery(tx, viewer, deliveryId);
      await this.repository.replay(tx, deliveryId);
      return this.present((await this.repository.find(deliveryId, tx)) ?? found, viewer);
    });
    this.events.publish(new DeliveriesDue());
    return delivery;
  }

  /**
   * Replays all failed deliveries; with a range, all deliveries of its events.
   * @throws WebhookNotFound, WebhookDisabled, ValidationError
   */
  async replay(actor: Actor, webhookId: string, dto: ReplayDto): Promise<ReplayedDto> {
    const settledBefore = new Date();
    const from = new Date(dto.from ?? 0);
    const to = new Date(dto.to ?? settledBefore);
    if (from > to) throw ValidationError.of('to', 'must not be before from');
    const isRange = dto.from !== undefined || dto.to !== undefined;
    const range = isRange ? { from, to, settledBefore } : undefined;
    let replayed = 0;
    for (let batch = 0; batch < REPLAY_BATCHES; batch++) {
      const count = await this.webhooks.inTransaction(actor, async (tx, viewer) => {
        requireEnabled(await this.webhooks.requireWebhook(viewer, webhookId, tx));
        return this.repository.replayMany(tx, webhookId, range, REPLAY_BATCH_SIZE);
      });
      replayed += count;
      if (count < REPLAY_BATCH_SIZE) break;
    }
    this.events.publish(new DeliveriesDue());
    return { replayed, has_more: replayed === REPLAY_BATCH_SIZE * REPLAY_BATCHES };
  }

  private present(row: DeliveryRow, { isAdmin }: WebhookViewer): DeliveryDto {
    return presentDelivery(row, { isAdmin, allowPrivate: this.config.webhookAllowPrivateNetwork });
  }

  private async requireDelivery(tx: StreamTransaction, viewer: WebhookViewer, id: string): Promise<DeliveryRow> {
    const delivery = await this.repository.find(id, tx);
    if (!delivery) throw new DeliveryNotFound();
    try {
      requireEnabled(await this.webhooks.requireWebhook(viewer, delivery.webhook_id, tx));
    } catch (error) {
      if (error instanceof WebhookNotFound) throw new DeliveryNotFound();
      throw error;
    }
    return delivery;
  }
}

/**
 * After a webhook is enabled again, it counts as disabled until the deliveries that its disabling failed are marked as
 * failed.
 */
function requireEnabled(webhook: WebhookRow): WebhookRow {
  if (webhook.disabled_at || webhook.fail_until) throw new WebhookDisabled();
  return webhook;
}

function storedStatusesOf(status: PublicDeliveryStatus): DeliveryStatus[] {
  return status === 'pending' ? ['waiting', 'queued'] : [status];
}
