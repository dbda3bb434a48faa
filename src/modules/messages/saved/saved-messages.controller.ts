import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import type { Page } from '../../../platform/pagination/page.js';
import { MessageIdParam } from '../messages.dto.js';
import { MessageNotEditable, MessageNotFound } from '../messages.errors.js';
import {
  ListSavedMessagesQuery,
  SavedMessageDto,
  SavedMessageMarkDto,
  SavedMessagePageDto,
  SaveMessageDto,
} from './saved-messages.dto.js';
import { TooManySavedMessages } from './saved-messages.errors.js';
import { SavedMessagesService } from './saved-messages.service.js';

/** Messages that users keep for themselves, and reminders. */
@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1')
export class SavedMessagesController {
  constructor(private readonly saved: SavedMessagesService) {}

  @Put('messages/:id/saved')
  @ApiOperation({ summary: 'Saves a message for the caller alone, or changes its reminder.' })
  @ApiOkResponse({ type: SavedMessageMarkDto })
  @Throws(MessageNotFound, MessageNotEditable, TooManySavedMessages)
  save(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Body() dto: SaveMessageDto,
  ): Promise<SavedMessageMarkDto> {
    return this.saved.save(actor, id, dto);
  }

  @Delete('messages/:id/saved')
  @HttpCode(204)
  @ApiOperation({ summary: 'Removes a message from the caller’s saved messages, with its reminder.' })
  @ApiNoContentResponse()
  remove(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<void> {
    return this.saved.remove(actor, id);
  }

  @Get('users/me/saved-messages')
  @ApiOperation({ summary: 'The messages that the caller has saved, the latest saved first.' })
  @ApiOkResponse({ type: SavedMessagePageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListSavedMessagesQuery): Promise<Page<SavedMessageDto>> {
    return this.saved.list(actor, query);
  }
}
