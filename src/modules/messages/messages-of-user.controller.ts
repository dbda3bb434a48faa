import { Controller, Delete, HttpCode, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';
import { TimeField } from '../../platform/validation/time-field.js';
import { LegalHold } from '../conversations/conversations.errors.js';
import { ConversationId } from '../participants/conversation-id.pipe.js';
import { ParticipantUserParam } from '../participants/participants.dto.js';
import { ConversationNotFound } from '../participants/participants.errors.js';
import { DELETED_AT_ONCE_MAX, DeleteMessagesOfUser } from './delete-messages-of-user.js';

export class DeleteMessagesOfUserQuery {
  @TimeField({ description: 'The time of the oldest message that is deleted' })
  since: string;
}

export class DeletedMessagesDto {
  @ApiProperty({ type: 'integer', description: `At most ${DELETED_AT_ONCE_MAX} for one call` })
  deleted_count: number;

  @ApiProperty({ description: 'There may be more messages to delete: repeat the call' })
  has_more: boolean;
}

/** What one user has written in a conversation. */
@ApiTags('messages')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@Controller('api/v1/conversations/:id/participants/:user_id/messages')
export class MessagesOfUserController {
  constructor(private readonly messages: DeleteMessagesOfUser) {}

  @Delete()
  @RequiresScope('messages:write')
  @ApiOperation({ summary: 'Deletes what a user has written in a conversation since a time, for everyone.' })
  @HttpCode(200)
  @ApiOkResponse({ type: DeletedMessagesDto })
  @Throws(ConversationNotFound, LegalHold)
  delete(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { user_id: userId }: ParticipantUserParam,
    @Query() { since }: DeleteMessagesOfUserQuery,
  ): Promise<DeletedMessagesDto> {
    return this.messages.delete(actor, id, { userId, since: new Date(since) });
  }
}
