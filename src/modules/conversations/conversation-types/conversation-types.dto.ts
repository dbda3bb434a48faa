import { ApiProperty } from '@nestjs/swagger';
import { ListOf } from '../../../platform/pagination/page.js';
import { BooleanField, EnumField, IntField, NestedField, TextField } from '../../../platform/validation/fields.js';
import { CONVERSATION_TYPES, type ConversationType } from '../../participants/participants.dto.js';
import type { HistoryVisibility } from '../../participants/conversation-settings.constants.js';
import { EffectiveSettingsDto, NarrowingSettingsDto } from '../conversation-settings.dto.js';

export const CREATE_ROLES = ['user', 'moderator', 'admin'] as const;
export type CreateRole = (typeof CREATE_ROLES)[number];
const CREATE_ROLE =
  'The lowest system role whose users may create conversations of the type; the host’s backend always may';

const NAME = { min: 2, max: 63, pattern: /^[a-z0-9][a-z0-9_-]{1,62}$/ };
const DESCRIPTION_MAX = 500;
const PARTICIPANTS_LIMIT = 200_000;
/** `since_date` needs a date, which differs from conversation to conversation. */
const TYPE_VISIBILITIES = ['all', 'since_join'];

/** What the conversations of a type may do at most. */
export class TypeSettingsDto extends NarrowingSettingsDto {
  @IntField({ min: 2, max: PARTICIPANTS_LIMIT, optional: true, description: 'Participants of one conversation' })
  participants_max?: number;

  @BooleanField({ optional: true, description: 'false: no conversation may switch system messages on' })
  system_messages?: boolean;

  @EnumField({
    values: TYPE_VISIBILITIES,
    optional: true,
    description: 'The `history_visibility` of new conversations that choose no other',
  })
  history_visibility?: HistoryVisibility;
}

export class CreateConversationTypeDto {
  @TextField({ ...NAME, description: 'Conversations name it in `type_name`', example: 'support' })
  name: string;

  @EnumField({ values: CONVERSATION_TYPES, description: 'The `type` of its conversations', example: 'group' })
  type: ConversationType;

  @TextField({ max: DESCRIPTION_MAX, optional: true, example: 'Questions of customers' })
  description?: string;

  @NestedField({ type: () => TypeSettingsDto, optional: true })
  settings?: TypeSettingsDto;

  @EnumField({ values: CREATE_ROLES, optional: true, description: `${CREATE_ROLE}. user when omitted` })
  create_role?: CreateRole;
}

export class UpdateConversationTypeDto {
  @TextField({ max: DESCRIPTION_MAX, optional: true })
  description?: string;

  @NestedField({ type: () => TypeSettingsDto, optional: true, description: 'Merged into the existing settings' })
  settings?: TypeSettingsDto;

  @EnumField({ values: CREATE_ROLES, optional: true, description: CREATE_ROLE })
  create_role?: CreateRole;
}

export class ConversationTypeParam {
  @TextField({ ...NAME, description: 'The name of a conversation type' })
  name: string;
}

/** The settings of a type, with defaults for those that were never set. */
export class EffectiveTypeSettingsDto extends EffectiveSettingsDto {
  @ApiProperty()
  participants_max: number;

  @ApiProperty()
  system_messages: boolean;

  @ApiProperty({ enum: TYPE_VISIBILITIES })
  history_visibility: HistoryVisibility;
}

export class ConversationTypeDto {
  @ApiProperty()
  name: string;

  @ApiProperty({ enum: CONVERSATION_TYPES })
  type: ConversationType;

  @ApiProperty()
  description: string;

  @ApiProperty({ type: EffectiveTypeSettingsDto })
  settings: EffectiveTypeSettingsDto;

  @ApiProperty({ enum: CREATE_ROLES, description: CREATE_ROLE })
  create_role: CreateRole;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class ConversationTypeListDto extends ListOf(ConversationTypeDto) {}
