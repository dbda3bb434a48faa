import { Body, Controller, Delete, Get, HttpCode, Param, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { AUDIT_REASON_HEADER } from '../../../platform/http/audit-reason.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { LegalHold } from '../../conversations/conversations.errors.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { UserNotFound } from '../../users/users.errors.js';
import { AdminUserParams, ZIP_CONTENT, DeleteUserDto } from './admin-users.dto.js';
import { DeleteAccount } from './delete-account.js';
import { ExportAccount } from './export-account.js';
import { sendArchive } from '../../../platform/http/send-stream.js';
import { EXPORT_LIMIT } from '../admin.limits.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';

/** The export and the deletion of an account. */
@ApiTags('admin')
@ApiBearerAuth()
@Controller('api/v1/admin/users/:id')
export class AdminAccountsController {
  constructor(
    private readonly exports: ExportAccount,
    private readonly deletion: DeleteAccount,
  ) {}

  @Get('export')
  @RequiresScope('admin:read')
  @ApiOperation({ summary: 'All data of a user, as a zip. For admins.' })
  @ApiHeader({
    name: AUDIT_REASON_HEADER,
    required: false,
    description: 'The reason for the audit log, percent-encoded',
  })
  @Limit(EXPORT_LIMIT)
  @ApiOkResponse({ content: ZIP_CONTENT })
  @Throws(UserNotFound)
  async export(
    @CurrentActor() actor: Actor,
    @Param() { id }: AdminUserParams,
    @Res() response: Response,
  ): Promise<void> {
    await sendArchive(response, await this.exports.export(actor, id), `user-${id}.zip`);
  }

  @Delete()
  @ApiOperation({ summary: 'Deletes an account. For admins.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(UserNotFound, LegalHold)
  delete(@CurrentActor() actor: Actor, @Param() { id }: AdminUserParams, @Body() dto: DeleteUserDto): Promise<void> {
    return this.deletion.delete(actor, id, dto);
  }
}
