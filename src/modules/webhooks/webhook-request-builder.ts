import { Injectable } from '@nestjs/common';
import { AttemptsRepository, type DueDelivery } from './attempts.repository.js';
import { WebhookPayloads } from './webhook-payloads.js';
import { WebhookSecrets } from './webhook-secrets.js';

/** Prepares what is sent: what the receiver may know, signed. */
@Injectable()
export class WebhookRequestBuilder {
  constructor(
    private readonly repository: AttemptsRepository,
    private readonly payloads: WebhookPayloads,
    private readonly secrets: WebhookSecrets,
  ) {}

  /**
   * What is told: as it was when it happened, but without what has been deleted since. Undefined when nothing of it is
   * left to tell.
   */
  async dataOf(due: DueDelivery): Promise<object | undefined> {
    const { data, has_lost_content: hasLostContent, is_conversation_gone: isConversationGone } = due;
    if (data && !hasLostContent && !isConversationGone) return data;
    if (data && hasLostContent) await this.repository.forgetData(due.event_id);
    const now = data && !hasLostContent ? data : await this.showAgain(due);
    return isConversationGone && now ? withoutContent(now) : now;
  }

  /** The newest first; undefined when the newest cannot be read. */
  secretsOf(due: DueDelivery): string[] | undefined {
    return this.secrets.openAll(due);
  }

  private async showAgain(due: DueDelivery): Promise<object | undefined> {
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

/** Of a conversation that was deleted nobody reads any more. */
function withoutContent(data: object): object {
  const { message } = data as { message?: object };
  if (!message) return data;
  const nothing = {
    content: '',
    metadata: {},
    reply_to_content: null,
    mentions: [],
    attachments: [],
    is_deleted: true,
  };
  return { ...data, content: '', message: { ...message, ...nothing } };
}
