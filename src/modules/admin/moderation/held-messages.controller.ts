import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import type { Actor } from '../../../platform/http/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { NotIdempotent } from '../../../platform/http/idempotency.interceptor.js';
import type { Page } from '../../../platform/pagination/page.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { ConversationId } from '../../participants/conversation-id.pipe.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import {
  ConversationHeldMessageParams,
  HeldMessageDto,
  HeldMessageIdParam,
  HeldMessagePageDto,
  ListHeldMessagesQuery,
} from './held-messages.dto.js';
import { HeldMessagesService } from './held-messages.service.js';
import { HeldMessageDecided, HeldMessageNotFound, HeldMessageNotSendable } from './moderation.errors.js';
import { INSTALLATION_PLACE, placeOf } from './moderation.policy.js';

/** What the rules of the installation hold back, for its moderators. */
@ApiTags('moderation')
@ApiBearerAuth()
@Limit('call')
@Controller('api/v1/admin/held-messages')
export class HeldMessagesController {
  constructor(private readonly held: HeldMessagesService) {}

  @Get()
  @ApiOperation({ summary: 'Messages that rules hold back, of all conversations.' })
  @ApiOkResponse({ type: HeldMessagePageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListHeldMessagesQuery): Promise<Page<HeldMessageDto>> {
    return this.held.list(actor, INSTALLATION_PLACE, query);
  }

  @NotIdempotent() // it would keep texts of others
  @Post(':id/release')
  @ApiOperation({ summary: 'Sends a held message in its author’s name.' })
  @HttpCode(200)
  @ApiOkResponse({ type: HeldMessageDto })
  @Throws(HeldMessageNotFound, HeldMessageDecided, HeldMessageNotSendable)
  release(@CurrentActor() actor: Actor, @Param() { id }: HeldMessageIdParam): Promise<HeldMessageDto> {
    return this.held.release(actor, INSTALLATION_PLACE, id);
  }

  @NotIdempotent() // it would keep texts of others
  @Post(':id/drop')
  @ApiOperation({ summary: 'Decides that a held message is never sent.' })
  @HttpCode(200)
  @ApiOkResponse({ type: HeldMessageDto })
  @Throws(HeldMessageNotFound, HeldMessageDecided)
  drop(@CurrentActor() actor: Actor, @Param() { id }: HeldMessageIdParam): Promise<HeldMessageDto> {
    return this.held.drop(actor, INSTALLATION_PLACE, id);
  }
}

/** What the rules of one conversation hold back, for its moderators. */
@ApiTags('moderation')
@ApiBearerAuth()
@Limit('call')
@Controller('api/v1/conversations/:id/held-messages')
export class ConversationHeldMessagesController {
  constructor(private readonly held: HeldMessagesService) {}

  @Get()
  @ApiOperation({ summary: 'Messages that rules hold back in this conversation.' })
  @ApiOkResponse({ type: HeldMessagePageDto })
  @Throws(ConversationNotFound)
  list(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: ListHeldMessagesQuery,
  ): Promise<Page<HeldMessageDto>> {
    return this.held.list(actor, placeOf(id), query);
  }

  @NotIdempotent() // it would keep texts of others
  @Post(':held_id/release')
  @ApiOperation({ summary: 'Sends a held message of this conversation in its author’s name.' })
  @HttpCode(200)
  @ApiOkResponse({ type: HeldMessageDto })
  @Throws(ConversationNotFound, HeldMessageNotFound, HeldMessageDecided, HeldMessageNotSendable)
  release(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { held_id: heldId }: ConversationHeldMessageParams,
  ): Promise<HeldMessageDto> {
    return this.held.release(actor, placeOf(id), heldId);
  }

  @NotIdempotent() // it would keep texts of others
  @Post(':held_id/drop')
  @ApiOperation({ summary: 'Decides that a held message of this conversation is never sent.' })
  @HttpCode(200)
  @ApiOkResponse({ type: HeldMessageDto })
  @Throws(ConversationNotFound, HeldMessageNotFound, HeldMessageDecided)
  drop(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { held_id: heldId }: ConversationHeldMessageParams,
  ): Promise<HeldMessageDto> {
    return this.held.drop(actor, placeOf(id), heldId);
  }
}
