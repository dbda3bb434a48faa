import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import {
  ConversationTypeExists,
  ConversationTypeInUse,
  ConversationTypeNotFound,
  TooManyConversationTypes,
} from '../conversations.errors.js';
import {
  ConversationTypeDto,
  ConversationTypeListDto,
  ConversationTypeParam,
  CreateConversationTypeDto,
  UpdateConversationTypeDto,
} from './conversation-types.dto.js';
import { ConversationTypesService } from './conversation-types.service.js';

@ApiTags('admin')
@ApiBearerAuth()
@Controller('api/v1/admin/conversation-types')
export class ConversationTypesController {
  constructor(private readonly types: ConversationTypesService) {}

  @Get()
  @RequiresScope('conversations:read')
  @ApiOperation({ summary: 'The conversation types, the oldest first.' })
  @ApiOkResponse({ type: ConversationTypeListDto })
  list(@CurrentActor() actor: Actor): Promise<ConversationTypeListDto> {
    return this.types.list(actor);
  }

  @Get(':name')
  @RequiresScope('conversations:read')
  @ApiOperation({ summary: 'One conversation type.' })
  @ApiOkResponse({ type: ConversationTypeDto })
  @Throws(ConversationTypeNotFound)
  get(@CurrentActor() actor: Actor, @Param() { name }: ConversationTypeParam): Promise<ConversationTypeDto> {
    return this.types.get(actor, name);
  }

  @Post()
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Creates a conversation type.' })
  @ApiCreatedResponse({ type: ConversationTypeDto })
  @Throws(ConversationTypeExists, TooManyConversationTypes)
  create(@CurrentActor() actor: Actor, @Body() dto: CreateConversationTypeDto): Promise<ConversationTypeDto> {
    return this.types.create(actor, dto);
  }

  @Patch(':name')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Changes a conversation type, for its existing conversations too.' })
  @ApiOkResponse({ type: ConversationTypeDto })
  @Throws(ConversationTypeNotFound)
  update(
    @CurrentActor() actor: Actor,
    @Param() { name }: ConversationTypeParam,
    @Body() dto: UpdateConversationTypeDto,
  ): Promise<ConversationTypeDto> {
    return this.types.update(actor, name, dto);
  }

  @Delete(':name')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Deletes a conversation type that no conversation has.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(ConversationTypeNotFound, ConversationTypeInUse)
  delete(@CurrentActor() actor: Actor, @Param() { name }: ConversationTypeParam): Promise<void> {
    return this.types.delete(actor, name);
  }
}
