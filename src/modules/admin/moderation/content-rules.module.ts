import { Global, Module } from '@nestjs/common';
import { ContentModerator } from '../../messages/content-moderator.policy.js';
import { ContentRulesRepository } from './content-rules.repository.js';
import { HeldMessagesRepository } from './held-messages.repository.js';
import { ContentRuleCache } from './content-rule-cache.js';

/** Judges what is written, for `messages`. Global, because a lower module knows of no higher one. */
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
