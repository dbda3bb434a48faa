import { Global, Module } from '@nestjs/common';
import { ContentModerator } from '../../messages/content-moderator.port.js';
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
    { provide: ContentModerator, useExisting: ContentRuleCache },
  ],
  exports: [ContentRuleCache, ContentRulesRepository, HeldMessagesRepository, ContentModerator],
})
export class ContentRulesModule {}
