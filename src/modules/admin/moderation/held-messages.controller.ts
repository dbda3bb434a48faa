import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
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
import { INSTALLATION_SCOPE, scopeOf } from './moderation.policy.js';
import { CALL_LIMIT } from '../../../platform/throttling/limits.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';

/** Messages held by rules of the installation, for its moderators. */
@ApiTags('moderation')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@RequiresScope('moderation')
@Controller('api/v1/admin/held-messages')
export class HeldMessagesController {
  constructor(private readonly held: HeldMessagesService) {}

  @Get()
  @ApiOperation({ summary: 'Messages held by rules of the installation, in all conversations.' })
  @ApiOkResponse({ type: HeldMessagePageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListHeldMessagesQuery): Promise<Page<HeldMessageDto>> {
    return this.held.list(actor, INSTALLATION_SCOPE, query);
  }

  @NotIdempotent() // a stored response would keep the texts of other users
  @Post(':id/release')
  @ApiOperation({ summary: 'Sends a held message in the name of its author.' })
  @HttpCode(200)
  @ApiOkResponse({ type: HeldMessageDto })
  @Throws(HeldMessageNotFound, HeldMessageDecided, HeldMessageNotSendable)
  release(@CurrentActor() actor: Actor, @Param() { id }: HeldMessageIdParam): Promise<HeldMessageDto> {
    return this.held.release(actor, INSTALLATION_SCOPE, id);
  }

  @NotIdempotent() // a stored response would keep the texts of other users
  @Post(':id/drop')
  @ApiOperation({ summary: 'Drops a held message, which is then never sent.' })
  @HttpCode(200)
  @ApiOkResponse({ type: HeldMessageDto })
  @Throws(HeldMessageNotFound, HeldMessageDecided)
  drop(@CurrentActor() actor: Actor, @Param() { id }: HeldMessageIdParam): Promise<HeldMessageDto> {
    return this.held.drop(actor, INSTALLATION_SCOPE, id);
  }
}

/** Messages held by rules of one conversation, for its moderators. */
@ApiTags('moderation')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@RequiresScope('moderation')
@Controller('api/v1/conversations/:id/held-messages')
export class ConversationHeldMessagesController {
  constructor(private readonly held: HeldMessagesService) {}

  @Get()
  @ApiOperation({ summary: 'Messages held by rules of this conversation.' })
  @ApiOkResponse({ type: HeldMessagePageDto })
  @Throws(ConversationNotFound)
  list(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: ListHeldMessagesQuery,
  ): Promise<Page<HeldMessageDto>> {
    return this.held.list(actor, scopeOf(id), query);
  }

  @NotIdempotent() // a stored response would keep the texts of other users
  @Post(':held_id/release')
  @ApiOperation({ summary: 'Sends a held message of this conversation in the name of its author.' })
  @HttpCode(200)
  @ApiOkResponse({ type: HeldMessageDto })
  @Throws(ConversationNotFound, HeldMessageNotFound, HeldMessageDecided, HeldMessageNotSendable)
  release(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { held_id: heldId }: ConversationHeldMessageParams,
  ): Promise<HeldMessageDto> {
    return this.held.release(actor, scopeOf(id), heldId);
  }

  @NotIdempotent() // a stored response would keep the texts of other users
  @Post(':held_id/drop')
  @ApiOperation({ summary: 'Drops a held message of this conversation, which is then never sent.' })
  @HttpCode(200)
  @ApiOkResponse({ type: HeldMessageDto })
  @Throws(ConversationNotFound, HeldMessageNotFound, HeldMessageDecided)
  drop(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { held_id: heldId }: ConversationHeldMessageParams,
  ): Promise<HeldMessageDto> {
    return this.held.drop(actor, scopeOf(id), heldId);
  }
}
