import { Body, Controller, Delete, Get, HttpCode, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import type { Page } from '../../../platform/pagination/page.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { ConversationId } from '../../participants/conversation-id.pipe.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { PageQuery } from '../message-queries.dto.js';
import { ContentTooLong, MessageNotFound } from '../messages.errors.js';
import { DRAFT_SAVE_LIMIT } from '../messages.limits.js';
import { CurrentDraftDto, DraftDto, DraftPageDto, DraftQuery, SaveDraftDto } from './drafts.dto.js';
import { DraftsService } from './drafts.service.js';

/** Texts that users have begun to write. */
@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1')
export class DraftsController {
  constructor(private readonly drafts: DraftsService) {}

  @Put('conversations/:id/draft')
  @Limit(DRAFT_SAVE_LIMIT)
  @ApiOperation({ summary: 'Saves the caller’s draft in a conversation or thread; replaces the earlier one.' })
  @ApiOkResponse({ type: DraftDto })
  @Throws(ConversationNotFound, MessageNotFound, ContentTooLong)
  save(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: DraftQuery,
    @Body() dto: SaveDraftDto,
  ): Promise<DraftDto> {
    return this.drafts.save(actor, id, query, dto);
  }

  @Get('conversations/:id/draft')
  @ApiOperation({ summary: 'The caller’s draft in a conversation or thread.' })
  @ApiOkResponse({ type: CurrentDraftDto })
  @Throws(ConversationNotFound, MessageNotFound)
  get(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: DraftQuery,
  ): Promise<CurrentDraftDto> {
    return this.drafts.get(actor, id, query);
  }

  @Delete('conversations/:id/draft')
  @HttpCode(204)
  @ApiOperation({ summary: 'Removes the caller’s draft in a conversation or thread.' })
  @ApiNoContentResponse()
  @Throws(ConversationNotFound, MessageNotFound)
  remove(@CurrentActor() actor: Actor, @ConversationId() id: string, @Query() query: DraftQuery): Promise<void> {
    return this.drafts.remove(actor, id, query);
  }

  @Get('users/me/drafts')
  @ApiOperation({ summary: 'The caller’s drafts, the latest changed first.' })
  @ApiOkResponse({ type: DraftPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: PageQuery): Promise<Page<DraftDto>> {
    return this.drafts.list(actor, query);
  }
}
