import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
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
import { NotIdempotent } from '../../../platform/http/idempotency.interceptor.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { Priority } from '../../../platform/throttling/priority.decorator.js';
import { ServerKeyNotFound, TooManyServerKeys } from '../../auth/auth.errors.js';
import {
  CreateServerKeyDto,
  ServerKeyListDto,
  ServerKeyParams,
  ServerKeyWithSecretDto,
} from '../../auth/server-keys.dto.js';
import { ServerKeysService } from '../../auth/server-keys.service.js';

/** No route here has a scope: a key must not be able to create another one. */
@ApiTags('admin')
@ApiBearerAuth()
@Priority('vital')
@Controller('api/v1/admin/keys')
export class ServerKeysController {
  constructor(private readonly keys: ServerKeysService) {}

  @Post()
  @ApiOperation({ summary: 'Creates a server key; only this response contains the secret. For admins.' })
  @NotIdempotent()
  @ApiCreatedResponse({ type: ServerKeyWithSecretDto })
  @Throws(TooManyServerKeys)
  create(@CurrentActor() actor: Actor, @Body() dto: CreateServerKeyDto): Promise<ServerKeyWithSecretDto> {
    return this.keys.create(actor, dto);
  }

  @Get()
  @ApiOperation({ summary: 'The server keys that are not revoked, newest first, with their last use. For admins.' })
  @ApiOkResponse({ type: ServerKeyListDto })
  list(@CurrentActor() actor: Actor): Promise<ServerKeyListDto> {
    return this.keys.list(actor);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Revokes a server key at once, and closes its sockets. For admins.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(ServerKeyNotFound)
  revoke(@CurrentActor() actor: Actor, @Param() { id }: ServerKeyParams): Promise<void> {
    return this.keys.revoke(actor, id);
  }
}
