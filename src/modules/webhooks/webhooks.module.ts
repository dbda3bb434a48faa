import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { BeforeSendController } from './before-send/before-send.controller.js';
import { BeforeSendModule } from './before-send/before-send.module.js';
import { BeforeSendService } from './before-send/before-send.service.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { DeliveriesService } from './deliveries.service.js';
import { WebhookValidator } from './webhook-validator.js';
import { NameResolver } from '../../platform/outbound/name-resolver.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { WebhookUrlPolicy } from './webhook-url.policy.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksGateway } from './webhooks.gateway.js';
import { WebhooksRepository } from './webhooks.repository.js';
import { WebhooksService } from './webhooks.service.js';

/** Webhooks: their management and the delivery log. The worker delivers. */
@Module({
  imports: [UsersModule, BeforeSendModule],
  controllers: [WebhooksController, BeforeSendController],
  providers: [
    BeforeSendService,
    ...[WebhooksService, DeliveriesService, WebhooksGateway, WebhooksRepository, DeliveriesRepository],
    ...[WebhookValidator, WebhookUrlPolicy, WebhookSecrets, NameResolver],
  ],
  exports: [WebhooksService, DeliveriesService],
})
export class WebhooksModule {}
