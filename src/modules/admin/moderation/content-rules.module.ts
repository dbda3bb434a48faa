import { Global, Module } from '@nestjs/common';
import { ContentRules } from '../../messages/content-rules.policy.js';
import { ContentRulesRepository } from './content-rules.repository.js';
import { HeldMessagesRepository } from './held-messages.repository.js';
import { RuleBook } from './rule-book.js';

/** Judges what is written, for `messages`. Global, because a lower module knows of no higher one. */
@Global()
@Module({
  providers: [
    RuleBook,
    ContentRulesRepository,
    HeldMessagesRepository,
    { provide: ContentRules, useExisting: RuleBook },
  ],
  exports: [RuleBook, ContentRulesRepository, HeldMessagesRepository, ContentRules],
})
export class ContentRulesModule {}
