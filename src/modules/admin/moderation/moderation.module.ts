import { Module } from '@nestjs/common';
import { ConversationsModule } from '../../conversations/conversations.module.js';
import { MessagesModule } from '../../messages/messages.module.js';
import { ParticipantsModule } from '../../participants/participants.module.js';
import { UsersModule } from '../../users/users.module.js';
import { ContentRulesController, ConversationRulesController } from './content-rules.controller.js';
import { ContentRulesModule } from './content-rules.module.js';
import { ContentRulesService } from './content-rules.service.js';
import { ConversationHeldMessagesController, HeldMessagesController } from './held-messages.controller.js';
import { HeldMessagesService } from './held-messages.service.js';
import { ModerationGateway } from './moderation.gateway.js';
import { ModerationPolicy } from './moderation.policy.js';
import { ReadReports } from './read-reports.js';
import { ReportContextRepository } from './report-context.repository.js';
import { ReportTargets } from './report-targets.js';
import { ReadReportedConversation } from './read-reported-conversation.js';
import { ModeratedMessagesController, ReportQueueController, ReportsController } from './reports.controller.js';
import { ReportsRepository } from './reports.repository.js';
import { ReportsService } from './reports.service.js';
import { RemoveReportedContent, ResolveReport, WarningEventRenderer } from './resolve-report.js';

/** Content rules, held messages and reports. */
@Module({
  imports: [ContentRulesModule, UsersModule, ParticipantsModule, ConversationsModule, MessagesModule],
  controllers: [
    ContentRulesController,
    ConversationRulesController,
    HeldMessagesController,
    ConversationHeldMessagesController,
    ReportsController,
    ReportQueueController,
    ModeratedMessagesController,
  ],
  providers: [
    ModerationPolicy,
    ContentRulesService,
    HeldMessagesService,
    ReportTargets,
    ReportsService,
    ReadReports,
    ReadReportedConversation,
    ResolveReport,
    RemoveReportedContent,
    WarningEventRenderer,
    ModerationGateway,
    ReportsRepository,
    ReportContextRepository,
  ],
})
export class ModerationModule {}
