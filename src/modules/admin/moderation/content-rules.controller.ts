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
import type { Actor } from '../../../platform/identity/actor.js';
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
import { INSTALLATION_SCOPE, scopeOf } from './moderation.policy.js';
import { CALL_LIMIT } from '../../../platform/throttling/limits.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';

/** The rules of the installation. */
@ApiTags('admin')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@RequiresScope('moderation')
@Controller('api/v1/admin/content-rules')
export class ContentRulesController {
  constructor(private readonly rules: ContentRulesService) {}

  @Get()
  @ApiOperation({ summary: 'The content rules of the installation.' })
  @ApiOkResponse({ type: ContentRulePageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListContentRulesQuery): Promise<Page<ContentRuleDto>> {
    return this.rules.list(actor, INSTALLATION_SCOPE, query);
  }

  @Post()
  @ApiOperation({ summary: 'Creates a content rule of the installation.' })
  @ApiCreatedResponse({ type: ContentRuleDto })
  @Throws(ContentRuleExists, TooManyContentRules)
  create(@CurrentActor() actor: Actor, @Body() dto: CreateContentRuleDto): Promise<ContentRuleDto> {
    return this.rules.create(actor, INSTALLATION_SCOPE, dto);
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
    return this.rules.update(actor, INSTALLATION_SCOPE, id, dto);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Deletes a content rule.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(ContentRuleNotFound)
  delete(@CurrentActor() actor: Actor, @Param() { id }: RuleIdParam): Promise<void> {
    return this.rules.delete(actor, INSTALLATION_SCOPE, id);
  }
}

/** The rules of one conversation, in addition to those of the installation. */
@ApiTags('moderation')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@RequiresScope('moderation')
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
    return this.rules.list(actor, scopeOf(id), query);
  }

  @Post()
  @ApiOperation({ summary: 'Creates a content rule of this conversation.' })
  @ApiCreatedResponse({ type: ContentRuleDto })
  @Throws(ConversationNotFound, ContentRuleExists, TooManyContentRules)
  create(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: CreateContentRuleDto,
  ): Promise<ContentRuleDto> {
    return this.rules.create(actor, scopeOf(id), dto);
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
    return this.rules.update(actor, scopeOf(id), ruleId, dto);
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
    return this.rules.delete(actor, scopeOf(id), ruleId);
  }
}
