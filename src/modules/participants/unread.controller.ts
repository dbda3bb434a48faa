import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { ConversationId } from './conversation-id.pipe.js';
import { ReadStateDto } from './participants.dto.js';
import { ConversationNotFound } from './participants.errors.js';
import { MarkUnreadDto, ReadManyDto, UnreadDto, UsersUnreadDto, UserUnreadListDto } from './unread.dto.js';
import { UnreadService } from './unread.service.js';

@ApiTags('unread')
@ApiBearerAuth()
@Controller('api/v1')
export class UnreadController {
  constructor(private readonly unread: UnreadService) {}

  @Get('users/me/unread')
  @ApiOperation({ summary: 'What is unread for the caller in all conversations.' })
  @ApiOkResponse({ type: UnreadDto })
  ofActor(@CurrentActor() actor: Actor): Promise<UnreadDto> {
    return this.unread.ofActor(actor);
  }

  @Post('users/me/read')
  @ApiOperation({ summary: 'Marks conversations of the caller as read, some or all, up to a cursor.' })
  @HttpCode(200)
  @ApiOkResponse({ type: UnreadDto, description: 'What is still unread' })
  markRead(@CurrentActor() actor: Actor, @Body() dto: ReadManyDto): Promise<UnreadDto> {
    return this.unread.markRead(actor, dto);
  }

  @Post('users/unread')
  @RequiresScope('users:read')
  @ApiOperation({ summary: 'What is unread for several users; only for server keys.' })
  @HttpCode(200)
  @ApiOkResponse({ type: UserUnreadListDto, description: 'In the order of the input, without users who do not exist' })
  ofUsers(@CurrentActor() actor: Actor, @Body() dto: UsersUnreadDto): Promise<UserUnreadListDto> {
    return this.unread.ofUsers(actor, dto);
  }

  @Post('conversations/:id/unread')
  @ApiOperation({ summary: 'Marks a conversation as unread from a message on, for the caller alone.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ReadStateDto })
  @Throws(ConversationNotFound)
  markUnread(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: MarkUnreadDto,
  ): Promise<ReadStateDto> {
    return this.unread.markUnread(actor, id, dto);
  }
}
