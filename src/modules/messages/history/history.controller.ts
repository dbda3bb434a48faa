import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { CALL_LIMIT } from '../../../platform/throttling/limits.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { ConversationId } from '../../participants/conversation-id.pipe.js';
import { LegalHold } from '../../conversations/conversations.errors.js';
import { ConversationNotFound, DirectConversationFixed } from '../../participants/participants.errors.js';
import { ClearHistoryDto, TruncateConversationDto } from './history.dto.js';
import { ConversationClearedData } from './history.events.js';
import { OwnHistory } from './own-history.js';
import { TruncateConversation } from './truncate-conversation.js';

@ApiTags('conversations')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@Throws(ConversationNotFound)
@Controller('api/v1/conversations/:id')
export class HistoryController {
  constructor(
    private readonly ownHistory: OwnHistory,
    private readonly truncation: TruncateConversation,
  ) {}

  @Post('clear')
  @ApiOperation({ summary: 'Deletes the messages of the conversation, or those up to a number, for the caller alone.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ConversationClearedData })
  clear(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: ClearHistoryDto,
  ): Promise<ConversationClearedData> {
    return this.ownHistory.clear(actor, id, dto);
  }

  @Post('truncate')
  @RequiresScope('messages:write')
  @ApiOperation({ summary: 'Deletes all messages of a group or room up to a number or a time, for everyone.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ConversationClearedData })
  @Throws(LegalHold, DirectConversationFixed)
  truncate(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: TruncateConversationDto,
  ): Promise<ConversationClearedData> {
    return this.truncation.truncate(actor, id, dto);
  }
}
