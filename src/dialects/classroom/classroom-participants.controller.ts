import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiConsumes, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ConversationId } from '../../modules/participants/conversation-id.pipe.js';
import { ParticipantUserParam } from '../../modules/participants/participants.dto.js';
import {
  ConversationNotFound,
  DirectConversationFixed,
  ParticipantNotFound,
  ReasonRequired,
  TooManyParticipants,
} from '../../modules/participants/participants.errors.js';
import { ParticipantsService } from '../../modules/participants/participants.service.js';
import { UserNotFound } from '../../modules/users/users.errors.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { Limit, RateLimitProfile } from '../../platform/throttling/limit.decorator.js';
import { ClassroomStatus } from './classroom-status.js';
import {
  ClassroomAddParticipantDto,
  ClassroomChangeParticipantDto,
  ClassroomConfirmationDto,
  ClassroomParticipantDto,
  ClassroomSetStatusDto,
  ClassroomStatusDto,
  ClassroomStatusQuery,
  FORM_OR_JSON,
} from './classroom.dto.js';
import { CLASSROOM_LIMITS } from './classroom.limits.js';
import { presentParticipant } from './classroom.presenter.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

/** The participants of conversations, and the status of users. */
@ApiTags('dialect: classroom')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@RateLimitProfile(CLASSROOM_LIMITS)
@Controller('api')
export class ClassroomParticipantsController {
  constructor(
    private readonly participants: ParticipantsService,
    private readonly status: ClassroomStatus,
  ) {}

  @Post('conversations/:id/participants')
  @ApiOperation({ summary: 'Adds a user to a conversation.' })
  @ApiCreatedResponse({ type: ClassroomParticipantDto })
  @Throws(ConversationNotFound, UserNotFound, TooManyParticipants, DirectConversationFixed, ReasonRequired)
  async add(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() { user_id, role }: ClassroomAddParticipantDto,
  ): Promise<ClassroomParticipantDto> {
    return presentParticipant((await this.participants.add(actor, id, { user_ids: [user_id], role })).data[0]!);
  }

  @Put('conversations/:id/participants/:user_id')
  @ApiOperation({ summary: 'Changes the role of a participant.' })
  @ApiConsumes(...FORM_OR_JSON)
  @ApiOkResponse({ type: ClassroomParticipantDto })
  @Throws(ConversationNotFound, ParticipantNotFound, DirectConversationFixed)
  async update(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { user_id: userId }: ParticipantUserParam,
    @Body() dto: ClassroomChangeParticipantDto,
  ): Promise<ClassroomParticipantDto> {
    return presentParticipant(await this.participants.update(actor, id, userId, dto));
  }

  @Patch('conversations/:id/participants/:user_id')
  @ApiOperation({ summary: 'Changes the role of a participant.' })
  @ApiConsumes(...FORM_OR_JSON)
  @ApiOkResponse({ type: ClassroomParticipantDto })
  @Throws(ConversationNotFound, ParticipantNotFound, DirectConversationFixed)
  patch(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() param: ParticipantUserParam,
    @Body() dto: ClassroomChangeParticipantDto,
  ): Promise<ClassroomParticipantDto> {
    return this.update(actor, id, param, dto);
  }

  @Delete('conversations/:id/participants/:user_id')
  @ApiOperation({ summary: 'Removes a participant.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ClassroomConfirmationDto })
  @Throws(ConversationNotFound, ParticipantNotFound, DirectConversationFixed)
  async remove(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { user_id: userId }: ParticipantUserParam,
  ): Promise<ClassroomConfirmationDto> {
    await this.participants.remove(actor, id, userId);
    return { message: 'Participant removed' };
  }

  @Get('users/status')
  @ApiOperation({ summary: 'The status of users.' })
  @ApiOkResponse({ type: [ClassroomStatusDto] })
  statuses(@CurrentActor() actor: Actor, @Query() query: ClassroomStatusQuery): Promise<ClassroomStatusDto[]> {
    return this.status.get(actor, query);
  }

  @Put('users/status')
  @ApiOperation({ summary: 'Sets the status of the caller.' })
  @ApiOkResponse({ type: ClassroomStatusDto })
  @Throws(ConversationNotFound)
  setStatus(@CurrentActor() actor: Actor, @Body() dto: ClassroomSetStatusDto): Promise<ClassroomStatusDto> {
    return this.status.set(actor, dto);
  }
}
