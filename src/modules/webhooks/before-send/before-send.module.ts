import { Global, Module } from '@nestjs/common';
import { BeforeSendHook } from '../../messages/before-send.port.js';
import { WebhookClient } from '../webhook-client.js';
import { NameResolver } from '../../../platform/outbound/name-resolver.js';
import { WebhookSecrets } from '../webhook-secrets.js';
import { WebhookUrlPolicy } from '../webhook-url.policy.js';
import { AskBeforeSend } from './ask-before-send.js';
import { BeforeSendHookCache } from './before-send-hook-cache.js';
import { BeforeSendRepository } from './before-send.repository.js';

/** Provides the host's check of messages for `messages`. Global, because a lower module may not import a higher one. */
@Global()
@Module({
  providers: [
    ...[
      AskBeforeSend,
      BeforeSendHookCache,
      BeforeSendRepository,
      { provide: BeforeSendHook, useExisting: AskBeforeSend },
    ],
    ...[WebhookClient, WebhookUrlPolicy, WebhookSecrets, NameResolver],
  ],
  exports: [AskBeforeSend, BeforeSendHookCache, BeforeSendRepository, BeforeSendHook],
})
export class BeforeSendModule {}
