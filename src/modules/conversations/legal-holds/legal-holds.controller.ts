import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import type { Page } from '../../../platform/pagination/page.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { UserNotFound } from '../../users/users.errors.js';
import { LegalHoldNotFound } from '../conversations.errors.js';
import {
  CreateLegalHoldDto,
  LegalHoldDto,
  LegalHoldIdParam,
  LegalHoldPageDto,
  ListLegalHoldsQuery,
} from './legal-holds.dto.js';
import { LegalHoldsService } from './legal-holds.service.js';

/** Legal holds. Server keys may not place or release them. */
@ApiTags('admin')
@ApiBearerAuth()
@Controller('api/v1/admin/legal-holds')
export class LegalHoldsController {
  constructor(private readonly holds: LegalHoldsService) {}

  @Get()
  @ApiOperation({ summary: 'The legal holds in force, newest first.' })
  @ApiOkResponse({ type: LegalHoldPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListLegalHoldsQuery): Promise<Page<LegalHoldDto>> {
    return this.holds.list(actor, query);
  }

  @Post()
  @ApiOperation({ summary: 'Places a legal hold: what it covers cannot be deleted until it is released.' })
  @ApiCreatedResponse({ type: LegalHoldDto })
  @Throws(ConversationNotFound, UserNotFound)
  create(@CurrentActor() actor: Actor, @Body() dto: CreateLegalHoldDto): Promise<LegalHoldDto> {
    return this.holds.create(actor, dto);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Releases a legal hold; it stays in the list as a record.' })
  @HttpCode(200)
  @ApiOkResponse({ type: LegalHoldDto })
  @Throws(LegalHoldNotFound)
  release(@CurrentActor() actor: Actor, @Param() { id }: LegalHoldIdParam): Promise<LegalHoldDto> {
    return this.holds.release(actor, id);
  }
}
