import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  ConversationNotFound,
  DirectConversationFixed,
  TooManyParticipants,
} from '../../modules/participants/participants.errors.js';
import { AccountBanned, AuthenticationRequired, PermissionDenied } from '../../platform/errors/app-error.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { NotIdempotent } from '../../platform/http/idempotency.interceptor.js';
import { Public } from '../../platform/http/public.decorator.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { RoomsDirectory } from './rooms-directory.js';
import { RoomsSessions } from './rooms-sessions.js';
import {
  CreateRoomsSessionDto,
  JoinedRoomDto,
  JoinRoomDto,
  ListRoomsQuery,
  RoomPageDto,
  RoomsSessionDto,
  RoomsSessionParam,
  RoomsSessionStateDto,
} from './rooms.dto.js';
import { SessionNotFound } from './rooms.errors.js';

@ApiTags('dialect: rooms')
@Controller('api')
export class RoomsController {
  constructor(
    private readonly sessions: RoomsSessions,
    private readonly rooms: RoomsDirectory,
  ) {}

  @Post('sessions')
  @ApiOperation({ summary: 'Opens a session for a socket.' })
  @NotIdempotent()
  @ApiBearerAuth()
  @ApiCreatedResponse({ type: RoomsSessionDto })
  create(
    @CurrentActor() actor: Actor,
    @Body() dto: CreateRoomsSessionDto,
    @PublicUrl() publicUrl: string,
  ): Promise<RoomsSessionDto> {
    return this.sessions.create(actor, dto, publicUrl);
  }

  /** Public, because the path contains the secret. */
  @Get('sessions/:session_id')
  @ApiOperation({ summary: 'The state of a session.' })
  @Public()
  @ApiOkResponse({ type: RoomsSessionStateDto })
  @Throws(SessionNotFound, PermissionDenied)
  get(
    @CurrentActor() actor: Actor | undefined,
    @Param() { session_id: key }: RoomsSessionParam,
  ): Promise<RoomsSessionStateDto> {
    return this.sessions.get(actor, key);
  }

  /** Public, because guests may read it, too. */
  @Get('rooms')
  @ApiOperation({ summary: 'The public rooms with their participants.' })
  @Public()
  @ApiOkResponse({ type: RoomPageDto })
  @Throws(AuthenticationRequired)
  list(@CurrentActor() actor: Actor | undefined, @Query() query: ListRoomsQuery): Promise<RoomPageDto> {
    return this.rooms.list(actor, query);
  }

  /** Public, because the session in the body may identify the user. */
  @Post('rooms/:room_id/join')
  @ApiOperation({ summary: 'Joins a public room.' })
  @HttpCode(200)
  @Public()
  @ApiOkResponse({ type: JoinedRoomDto })
  @Throws(
    AuthenticationRequired,
    AccountBanned,
    PermissionDenied,
    ConversationNotFound,
    DirectConversationFixed,
    TooManyParticipants,
  )
  join(
    @CurrentActor() actor: Actor | undefined,
    @Param('room_id') room: string,
    @Body() dto: JoinRoomDto,
  ): Promise<JoinedRoomDto> {
    return this.rooms.join(actor, room, dto);
  }
}
