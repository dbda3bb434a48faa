import { ApiProperty } from '@nestjs/swagger';
import { PageOf, requireCursor } from '../../platform/pagination/page.js';
import { BooleanField, EnumField, IntField, KeyedTextsField, TextField } from '../../platform/validation/fields.js';
import { UserIdField } from '../../platform/validation/user-id-field.js';
import { FormerNames } from '../../platform/validation/former-names.js';
import { FieldRule } from '../../platform/validation/input-rules.js';
import { CONVERSATION_TYPES, type ConversationType } from '../participants/participants.dto.js';
import { ConversationDto, ConversationSummaryDto } from './conversations.dto.js';

const METADATA_FILTERS_MAX = 5;

export class ListConversationsQuery {
  @IntField({ min: 1, max: 100, optional: true, description: '50 when omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: 'Opaque; `next_cursor` of the previous page' })
  cursor?: string;

  @EnumField({ values: CONVERSATION_TYPES, optional: true })
  type?: ConversationType;

  @BooleanField({ optional: true })
  is_archived?: boolean;

  @BooleanField({
    optional: true,
    description: 'true: only conversations that the caller has hidden until the next message; otherwise only others',
  })
  is_hidden?: boolean;

  @TextField({
    max: 100,
    optional: true,
    description:
      'Words, each part of the title or, except for rooms, of the name of another participant; case and accents are ignored',
  })
  q?: string;

  @TextField({ max: 100, optional: true, description: 'Like `q`, but only in titles; ignored with `q`' })
  search?: string;

  @UserIdField({
    optional: true,
    description:
      'Only conversations of which this user is a participant too; for a server key: that user’s conversations, as they see them',
  })
  member?: string;

  @BooleanField({ optional: true, description: 'true: only conversations with unread messages; false: only others' })
  unread?: boolean;

  @BooleanField({ optional: true, description: 'true: only conversations with unread mentions; false: only others' })
  has_mentions?: boolean;

  @BooleanField({ optional: true, description: 'true: the pinned conversations first, then the others' })
  pinned_first?: boolean;

  @KeyedTextsField({
    max: METADATA_FILTERS_MAX,
    maxLength: 255,
    optional: true,
    description: '`metadata.<key>=<text>`, up to 5: only conversations whose metadata has these texts under these keys',
  })
  metadata?: Record<string, string>;
}

@FormerNames({ search: 'q' })
export class ListPublicRoomsQuery {
  @IntField({ min: 1, max: 100, optional: true, description: '50 when omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: 'Opaque; `next_cursor` of the previous page' })
  cursor?: string;

  @TextField({ max: 63, optional: true })
  category?: string;

  @TextField({ max: 100, optional: true, description: 'Part of the title or the slug' })
  q?: string;
}

export class PublicRoomDto extends ConversationSummaryDto {
  @ApiProperty({ description: 'Whether the caller is a participant' })
  is_participant: boolean;
}

export class ConversationPageDto extends PageOf(ConversationDto) {
  @ApiProperty({
    description: 'Resume cursor: a client that resumes from here receives every event that this page does not include',
  })
  cursor: string;
}

export class PublicRoomPageDto extends PageOf(PublicRoomDto) {}
