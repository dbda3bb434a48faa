import { Body, Controller, Delete, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { ConversationFrozen } from '../../participants/participants.errors.js';
import { MessageDto, MessageIdParam } from '../messages.dto.js';
import { MessageNotEditable, MessageNotFound } from '../messages.errors.js';
import { VoteDto } from './polls.dto.js';
import { PollClosed, PollNotFound } from './polls.errors.js';
import { PollsService } from './polls.service.js';

/** Polls of messages. */
@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1/messages/:id/poll')
export class PollsController {
  constructor(private readonly polls: PollsService) {}

  @Put('votes')
  @ApiOperation({ summary: 'Votes on the poll of a message; replaces the caller’s earlier votes.' })
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, PollNotFound, MessageNotEditable, PollClosed, ConversationFrozen)
  vote(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam, @Body() dto: VoteDto): Promise<MessageDto> {
    return this.polls.vote(actor, id, dto.option_ids);
  }

  @Delete('votes')
  @ApiOperation({ summary: 'Takes the caller’s votes back.' })
  @HttpCode(200)
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, PollNotFound, MessageNotEditable, PollClosed)
  withdraw(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.polls.withdraw(actor, id);
  }

  @Post('close')
  @RequiresScope('messages:write')
  @ApiOperation({ summary: 'Closes the poll; its sender and moderators may.' })
  @HttpCode(200)
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, PollNotFound, MessageNotEditable)
  close(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.polls.close(actor, id);
  }
}
