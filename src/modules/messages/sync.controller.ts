import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';
import { ConversationId } from '../participants/conversation-id.pipe.js';
import { ConversationNotFound } from '../participants/participants.errors.js';
import { EventPageDto, EventsQuery, SyncDto, SyncQuery } from './sync.dto.js';
import { SyncService } from './sync.service.js';

@ApiTags('sync')
@ApiBearerAuth()
@Controller('api/v1')
export class SyncController {
  constructor(private readonly sync: SyncService) {}

  @Get('sync')
  @ApiOperation({ summary: 'The durable events since a cursor, for clients without a socket.' })
  @ApiOkResponse({ type: SyncDto })
  since(@CurrentActor() actor: Actor, @Query() query: SyncQuery): Promise<SyncDto> {
    return this.sync.since(actor, query);
  }

  @Get('conversations/:id/events')
  @RequiresScope('messages:read')
  @ApiOperation({ summary: 'The durable events of a conversation after a position.' })
  @ApiOkResponse({ type: EventPageDto })
  @Throws(ConversationNotFound)
  events(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: EventsQuery,
  ): Promise<EventPageDto> {
    return this.sync.events(actor, id, query);
  }
}
