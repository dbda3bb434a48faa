import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { Page } from '../../platform/pagination/page.js';
import { ListMentionsQuery, MentionPageDto } from './message-pages.dto.js';
import type { MessageDto } from './messages.dto.js';
import { MentionsService } from './mentions.service.js';

@ApiTags('unread')
@ApiBearerAuth()
@Controller('api/v1/users/me/mentions')
export class MentionsController {
  constructor(private readonly mentions: MentionsService) {}

  @Get()
  @ApiOperation({ summary: 'The messages that mention the caller, the newest first.' })
  @ApiOkResponse({ type: MentionPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListMentionsQuery): Promise<Page<MessageDto>> {
    return this.mentions.list(actor, query);
  }
}
