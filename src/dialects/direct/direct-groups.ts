import { Injectable } from '@nestjs/common';
import { ConversationsService } from '../../modules/conversations/conversations.service.js';
import { CreateConversation } from '../../modules/conversations/create-conversation.js';
import type { ParticipantDto } from '../../modules/participants/participants.dto.js';
import { ParticipantsService } from '../../modules/participants/participants.service.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { DirectCreateGroupDto, DirectGroupDto } from './direct.dto.js';
import { presentGroup, toCreateConversation } from './direct.presenter.js';

/** Creates groups and returns them with all members. */
@Injectable()
export class DirectGroups {
  constructor(
    private readonly creation: CreateConversation,
    private readonly conversations: ConversationsService,
    private readonly participants: ParticipantsService,
  ) {}

  /** @throws ValidationError, UserNotFound, PermissionDenied */
  async create(actor: Actor, dto: DirectCreateGroupDto): Promise<DirectGroupDto> {
    const { id } = await this.creation.create(actor, toCreateConversation(dto));
    return presentGroup(await this.conversations.getUnchecked(actor, id), await this.members(actor, id));
  }

  /** Reads all members of the new group: three pages at most. */
  private async members(actor: Actor, id: string): Promise<ParticipantDto[]> {
    const members: ParticipantDto[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.participants.list(actor, id, { limit: 100, cursor });
      members.push(...page.data);
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    return members;
  }
}
