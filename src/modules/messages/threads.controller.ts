import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { Page } from '../../platform/pagination/page.js';
import { MessageIdParam } from './messages.dto.js';
import { MessageNotFound } from './messages.errors.js';
import { ListThreadsQuery, MarkThreadDto, type ThreadDto, ThreadInboxDto, ThreadStateDto } from './threads.dto.js';
import { ThreadsService } from './threads.service.js';

@ApiTags('threads')
@ApiBearerAuth()
@Controller('api/v1')
export class ThreadsController {
  constructor(private readonly threads: ThreadsService) {}

  @Get('threads')
  @ApiOperation({ summary: 'The threads that the caller follows, the last reply first.' })
  @ApiOkResponse({ type: ThreadInboxDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListThreadsQuery): Promise<Page<ThreadDto>> {
    return this.threads.list(actor, query);
  }

  @Put('messages/:id/thread/follow')
  @ApiOperation({ summary: 'Follows the thread of a message.' })
  @ApiOkResponse({ type: ThreadStateDto })
  @Throws(MessageNotFound)
  follow(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<ThreadStateDto> {
    return this.threads.follow(actor, id);
  }

  @Delete('messages/:id/thread/follow')
  @ApiOperation({ summary: 'Stops following the thread of a message.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ThreadStateDto })
  @Throws(MessageNotFound)
  unfollow(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<ThreadStateDto> {
    return this.threads.unfollow(actor, id);
  }

  @Post('messages/:id/thread/read')
  @ApiOperation({ summary: 'Marks the replies of a thread as read, up to a message number.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ThreadStateDto })
  @Throws(MessageNotFound)
  markRead(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Body() dto: MarkThreadDto,
  ): Promise<ThreadStateDto> {
    return this.threads.markRead(actor, id, dto);
  }
}
