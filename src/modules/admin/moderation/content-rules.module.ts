import { Global, Module } from '@nestjs/common';
import { ContentRules } from '../../messages/content-rules.port.js';
import { ContentRulesRepository } from './content-rules.repository.js';
import { HeldMessagesRepository } from './held-messages.repository.js';
import { ContentRuleCache } from './content-rule-cache.js';

/** Provides the content moderation for `messages`. Global, because a lower module may not import a higher one. */
@Global()
@Module({
  providers: [
    ContentRuleCache,
    ContentRulesRepository,
    HeldMessagesRepository,
    { provide: ContentRules, useExisting: ContentRuleCache },
  ],
  exports: [ContentRuleCache, ContentRulesRepository, HeldMessagesRepository, ContentRules],
})
export class ContentRulesModule {}
