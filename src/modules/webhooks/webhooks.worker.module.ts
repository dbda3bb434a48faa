import { Module } from '@nestjs/common';
import { QueueModule } from '../../platform/queue/queue.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { UsersModule } from '../users/users.module.js';
import { BeforeSendCleanupTask } from './before-send/before-send-cleanup-task.js';
import { AttemptsRepository } from './attempts.repository.js';
import { ChallengePoller, ChallengeWebhook } from './challenge-webhook.js';
import { ChallengesRepository } from './challenges.repository.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { DeliverWebhook, DeliveryData } from './deliver-webhook.js';
import { DeliveryQueues, DELIVERIES_QUEUE, RETRIES_QUEUE } from './delivery-queues.js';
import { EventMembersReader } from './event-members.js';
import { DeliveryLogCleanupTask } from './delivery-log-cleanup-task.js';
import { WebhookPayloads } from './webhook-payloads.js';
import { RelayRepository } from './relay.repository.js';
import { RetryPolicy } from './retry-policy.js';
import { DisableWebhook, RecordAttempt } from './record-attempt.js';
import { WebhookClient } from './webhook-client.js';
import { WebhookDeliveriesProcessor, FailingWebhooksProcessor } from './webhook-deliveries.processor.js';
import { OutboxPoller } from './outbox-poller.js';
import { OutboxRelay } from './outbox-relay.js';
import { NameResolver } from '../../platform/outbound/name-resolver.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { WebhookUrlPolicy } from './webhook-url.policy.js';
import { WebhooksModule } from './webhooks.module.js';
import { WebhooksRepository } from './webhooks.repository.js';

/**
 * Delivers webhooks: from the outbox through the queue to the receivers. The modules that own the events are imported
 * because they present them; their controllers and gateways are unused in a process without HTTP and sockets.
 */
@Module({
  imports: [
    QueueModule.register(DELIVERIES_QUEUE, RETRIES_QUEUE),
    ...[UsersModule, ConversationsModule, MessagesModule, WebhooksModule],
  ],
  providers: [
    ...[OutboxPoller, OutboxRelay, DeliveryQueues, RelayRepository, WebhookPayloads],
    ...[WebhookDeliveriesProcessor, FailingWebhooksProcessor, DeliverWebhook, RecordAttempt, RetryPolicy, DeliveryData],
    EventMembersReader,
    BeforeSendCleanupTask,
    ...[ChallengePoller, ChallengeWebhook, ChallengesRepository],
    ...[AttemptsRepository, DisableWebhook, WebhooksRepository, DeliveryLogCleanupTask, DeliveriesRepository],
    ...[WebhookClient, WebhookUrlPolicy, WebhookSecrets, NameResolver],
  ],
})
export class WebhooksWorkerModule {}
