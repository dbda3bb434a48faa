import { Injectable } from '@nestjs/common';
import type { MessageDto } from '../messages/messages.dto.js';
import { AttemptsRepository, type DueDelivery } from './attempts.repository.js';
import { RecordAttempt } from './record-attempt.js';
import { type AttemptResult, WebhookClient } from './webhook-client.js';
import { signWebhook } from './webhook-signature.js';
import type { ClaimedDelivery } from './delivery-queues.js';
import { type EventMembers, EventMembersReader } from './event-members.js';
import { WebhookPayloads } from './webhook-payloads.js';
import { WebhookSecrets } from './webhook-secrets.js';

/** Reads the data of a delivery for an attempt. */
@Injectable()
export class DeliveryData {
  constructor(
    private readonly repository: AttemptsRepository,
    private readonly payloads: WebhookPayloads,
  ) {}

  /**
   * Returns the data as it was at the time of the event, without what has been deleted since. Undefined when nothing is
   * left.
   */
  async read(due: DueDelivery): Promise<object | undefined> {
    const { hides_quote: hidesQuote, is_conversation_gone: isConversationGone } = due;
    const current = await this.readCurrent(due);
    if (isConversationGone && current) return withoutContent(current);
    return hidesQuote && current ? withoutQuote(current) : current;
  }

  private async readCurrent(due: DueDelivery): Promise<object | undefined> {
    const { data, has_lost_content: hasLostContent } = due;
    if (data && !hasLostContent) return data;
    if (data) await this.repository.clearData(due.event_id);
    return this.presentAgain(due);
  }

  private async presentAgain(due: DueDelivery): Promise<object | undefined> {
    const [data] = await this.payloads.present([
      {
        type: due.type,
        streamId: due.stream_id,
        seq: due.seq,
        actorId: due.actor_id,
        subjectId: due.subject_id,
        payload: due.payload,
        snapshot: null,
        at: due.at,
      },
    ]);
    return data;
  }
}

/** An owner who does not see the quoted message does not receive the quote. */
function withoutQuote(data: object): object {
  const { message } = data as { message?: object };
  return message ? { ...data, message: { ...message, reply_to_content: null, reply_to: null } } : data;
}

/** The owner of a webhook is not informed of their shadow ban. */
function withoutShadow(data: object): object {
  const { message } = data as { message?: MessageDto };
  return message?.is_shadowed ? { ...data, message: { ...message, is_shadowed: undefined } } : data;
}

/** The content of a deleted conversation is not sent. */
function withoutContent(data: object): object {
  const { message } = data as { message?: object };
  if (!message) return data;
  const cleared = {
    content: '',
    metadata: {},
    reply_to_content: null,
    reply_to: null,
    mentions: [],
    attachments: [],
    is_deleted: true,
  };
  return { ...data, content: '', message: { ...message, ...cleared } };
}

/**
 * One attempt of a delivery: checks whether the webhook may still see the event, reads its current data, sends it
 * and records the result. If the process dies, the attempt is repeated with the same id: delivery is at least once.
 */
@Injectable()
export class DeliverWebhook {
  constructor(
    private readonly repository: AttemptsRepository,
    private readonly data: DeliveryData,
    private readonly members: EventMembersReader,
    private readonly secrets: WebhookSecrets,
    private readonly client: WebhookClient,
    private readonly recording: RecordAttempt,
  ) {}

  /**
   * Attempts all at the same time and calls `onEnd` as each ends. Deliveries that throw are claimed again.
   * @throws the first failure, after all have ended
   */
  async deliver(deliveries: readonly ClaimedDelivery[], onEnd: () => void): Promise<void> {
    const due = await this.repository.load(deliveries);
    const members = await this.members.read(due);
    const ends = await Promise.allSettled(due.map((one) => this.deliverOne(one, members.get(one.id)).finally(onEnd)));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  }

  private async deliverOne(due: DueDelivery, members: EventMembers | undefined): Promise<void> {
    const obstacle = due.is_disabled ? 'webhook_disabled' : due.is_visible ? undefined : 'not_visible';
    const complete = obstacle === undefined ? await this.data.read(due) : undefined;
    const data = complete && due.scope === 'own' ? withoutShadow(complete) : complete;
    if (data === undefined) await this.repository.cancel(due.id, obstacle ?? 'nothing_left');
    else await this.recording.record(due, await this.attempt(due, { ...data, ...members }));
  }

  private async attempt(due: DueDelivery, data: object): Promise<AttemptResult> {
    const secrets = this.secrets.decryptAll(due);
    const at = new Date();
    if (!secrets) {
      const noResponse = { statusCode: null, answer: null, retryAfterSeconds: null, isPrivate: false };
      return { at, durationMs: 0, error: 'secret_unreadable', ...noResponse };
    }
    const content = { id: due.event_id, event: due.type, at: due.at, data };
    return this.client.post(due.url, signWebhook(content, secrets, at));
  }
}
