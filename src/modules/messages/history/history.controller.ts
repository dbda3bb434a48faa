import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { CALL_LIMIT } from '../../../platform/throttling/limits.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { ConversationId } from '../../participants/conversation-id.pipe.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { ClearHistoryDto } from './history.dto.js';
import { ConversationClearedData } from './history.events.js';
import { OwnHistory } from './own-history.js';

@ApiTags('conversations')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@Throws(ConversationNotFound)
@Controller('api/v1/conversations/:id')
export class HistoryController {
  constructor(private readonly ownHistory: OwnHistory) {}

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
}
