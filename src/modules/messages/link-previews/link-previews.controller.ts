import { Controller, Delete, HttpCode, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { MessageDto, MessageIdParam } from '../messages.dto.js';
import { MessageNotEditable, MessageNotFound } from '../messages.errors.js';
import { LinkPreviewsService } from './link-previews.service.js';

/** Previews of links in messages. */
@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1/messages/:id/link-previews')
export class LinkPreviewsController {
  constructor(private readonly previews: LinkPreviewsService) {}

  @Delete()
  @RequiresScope('messages:write')
  @HttpCode(200)
  @ApiOperation({ summary: 'Removes the link previews of the caller’s own message, for good.' })
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, MessageNotEditable)
  remove(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.previews.remove(actor, id);
  }
}
