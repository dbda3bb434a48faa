import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import type { Actor } from '../../../platform/http/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import type { Page } from '../../../platform/pagination/page.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { ConversationId } from '../../participants/conversation-id.pipe.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import {
  ContentRuleDto,
  ContentRulePageDto,
  ConversationRuleParams,
  CreateContentRuleDto,
  ListContentRulesQuery,
  RuleIdParam,
  UpdateContentRuleDto,
} from './content-rules.dto.js';
import { ContentRulesService } from './content-rules.service.js';
import { ContentRuleExists, ContentRuleNotFound, TooManyContentRules } from './moderation.errors.js';
import { INSTALLATION_PLACE, placeOf } from './moderation.policy.js';

/** Rules that hold everywhere. */
@ApiTags('admin')
@ApiBearerAuth()
@Limit('call')
@Controller('api/v1/admin/content-rules')
export class ContentRulesController {
  constructor(private readonly rules: ContentRulesService) {}

  @Get()
  @ApiOperation({ summary: 'The content rules that hold everywhere.' })
  @ApiOkResponse({ type: ContentRulePageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListContentRulesQuery): Promise<Page<ContentRuleDto>> {
    return this.rules.list(actor, INSTALLATION_PLACE, query);
  }

  @Post()
  @ApiOperation({ summary: 'Makes a content rule that holds everywhere.' })
  @ApiCreatedResponse({ type: ContentRuleDto })
  @Throws(ContentRuleExists, TooManyContentRules)
  create(@CurrentActor() actor: Actor, @Body() dto: CreateContentRuleDto): Promise<ContentRuleDto> {
    return this.rules.create(actor, INSTALLATION_PLACE, dto);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes a content rule.' })
  @ApiOkResponse({ type: ContentRuleDto })
  @Throws(ContentRuleNotFound)
  update(
    @CurrentActor() actor: Actor,
    @Param() { id }: RuleIdParam,
    @Body() dto: UpdateContentRuleDto,
  ): Promise<ContentRuleDto> {
    return this.rules.update(actor, INSTALLATION_PLACE, id, dto);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Deletes a content rule.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(ContentRuleNotFound)
  delete(@CurrentActor() actor: Actor, @Param() { id }: RuleIdParam): Promise<void> {
    return this.rules.delete(actor, INSTALLATION_PLACE, id);
  }
}

/** Rules of one conversation, beside those that hold everywhere. */
@ApiTags('moderation')
@ApiBearerAuth()
@Limit('call')
@Controller('api/v1/conversations/:id/content-rules')
export class ConversationRulesController {
  constructor(private readonly rules: ContentRulesService) {}

  @Get()
  @ApiOperation({ summary: 'The content rules of this conversation.' })
  @ApiOkResponse({ type: ContentRulePageDto })
  @Throws(ConversationNotFound)
  list(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: ListContentRulesQuery,
  ): Promise<Page<ContentRuleDto>> {
    return this.rules.list(actor, placeOf(id), query);
  }

  @Post()
  @ApiOperation({ summary: 'Makes a content rule of this conversation.' })
  @ApiCreatedResponse({ type: ContentRuleDto })
  @Throws(ConversationNotFound, ContentRuleExists, TooManyContentRules)
  create(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: CreateContentRuleDto,
  ): Promise<ContentRuleDto> {
    return this.rules.create(actor, placeOf(id), dto);
  }

  @Patch(':rule_id')
  @ApiOperation({ summary: 'Changes a content rule of this conversation.' })
  @ApiOkResponse({ type: ContentRuleDto })
  @Throws(ConversationNotFound, ContentRuleNotFound)
  update(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { rule_id: ruleId }: ConversationRuleParams,
    @Body() dto: UpdateContentRuleDto,
  ): Promise<ContentRuleDto> {
    return this.rules.update(actor, placeOf(id), ruleId, dto);
  }

  @Delete(':rule_id')
  @ApiOperation({ summary: 'Deletes a content rule of this conversation.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(ConversationNotFound, ContentRuleNotFound)
  delete(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { rule_id: ruleId }: ConversationRuleParams,
  ): Promise<void> {
    return this.rules.delete(actor, placeOf(id), ruleId);
  }
}
