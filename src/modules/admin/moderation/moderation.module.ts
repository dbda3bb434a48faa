import { Module } from '@nestjs/common';
import { MessagesModule } from '../../messages/messages.module.js';
import { ParticipantsModule } from '../../participants/participants.module.js';
import { UsersModule } from '../../users/users.module.js';
import { ContentRulesController, ConversationRulesController } from './content-rules.controller.js';
import { ContentRulesModule } from './content-rules.module.js';
import { ContentRulesService } from './content-rules.service.js';
import { ConversationHeldMessagesController, HeldMessagesController } from './held-messages.controller.js';
import { HeldMessagesService } from './held-messages.service.js';
import { ModerationPolicy } from './moderation.policy.js';

/** Rules for what is written, what they hold back, and what people report. */
@Module({
  imports: [ContentRulesModule, UsersModule, ParticipantsModule, MessagesModule],
  controllers: [
    ContentRulesController,
    ConversationRulesController,
    HeldMessagesController,
    ConversationHeldMessagesController,
  ],
  providers: [ModerationPolicy, ContentRulesService, HeldMessagesService],
})
export class ModerationModule {}
