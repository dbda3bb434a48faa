import { Injectable } from '@nestjs/common';
import { AttemptsRepository, type DueDelivery } from './attempts.repository.js';
import { WebhookPayloads } from './webhook-payloads.js';
import { WebhookSecrets } from './webhook-secrets.js';

/** Builds the content of an attempt and opens the secrets that sign it. */
@Injectable()
export class WebhookRequestBuilder {
  constructor(
    private readonly repository: AttemptsRepository,
    private readonly payloads: WebhookPayloads,
    private readonly secrets: WebhookSecrets,
  ) {}

  /**
   * Returns the data as it was at the time of the event, without what has been deleted since. Undefined when nothing is
   * left.
   */
  async dataOf(due: DueDelivery): Promise<object | undefined> {
    const { data, has_lost_content: hasLostContent, is_conversation_gone: isConversationGone } = due;
    if (data && !hasLostContent && !isConversationGone) return data;
    if (data && hasLostContent) await this.repository.clearData(due.event_id);
    const now = data && !hasLostContent ? data : await this.presentAgain(due);
    return isConversationGone && now ? withoutContent(now) : now;
  }

  /** Newest first; undefined when the newest cannot be decrypted. */
  secretsOf(due: DueDelivery): string[] | undefined {
    return this.secrets.openAll(due);
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

/** The content of a deleted conversation is not sent. */
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
