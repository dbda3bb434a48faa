import { Body, Controller, Delete, Get, HttpCode, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { LegalHold } from '../../conversations/conversations.errors.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { AccountLocked, FreshTokenRequired, InvalidCredentials } from '../../auth/auth.errors.js';
import { LastAdmin } from '../../users/users.errors.js';
import { ZIP_CONTENT, DeleteOwnAccountDto } from './admin-users.dto.js';
import { DeleteAccount } from './delete-account.js';
import { ExportAccount } from './export-account.js';
import { DisconnectSignal } from '../../../platform/http/disconnect-signal.js';
import { sendArchive } from '../../../platform/http/send-stream.js';
import { EXPORT_LIMIT } from '../admin.limits.js';

/** The export and deletion of a user's own account. */
@ApiTags('users')
@ApiBearerAuth()
@Controller('api/v1/users/me')
export class OwnAccountController {
  constructor(
    private readonly exports: ExportAccount,
    private readonly deletion: DeleteAccount,
  ) {}

  @Get('export')
  @ApiOperation({ summary: 'All data of the caller, as a zip.' })
  @Limit(EXPORT_LIMIT)
  @ApiOkResponse({ content: ZIP_CONTENT })
  async export(@CurrentActor() actor: Actor, @Res() response: Response): Promise<void> {
    await sendArchive(response, await this.exports.exportOwn(actor), 'my-data.zip');
  }

  @Delete()
  @ApiOperation({
    summary: 'Deletes the account of the caller; requires the password, or a new token of the identity provider.',
  })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(InvalidCredentials, AccountLocked, FreshTokenRequired, LastAdmin, LegalHold)
  delete(
    @CurrentActor() actor: Actor,
    @Body() dto: DeleteOwnAccountDto,
    @DisconnectSignal() signal: AbortSignal,
  ): Promise<void> {
    return this.deletion.deleteOwn(actor, dto, signal);
  }
}
