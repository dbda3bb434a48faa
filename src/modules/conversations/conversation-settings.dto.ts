import { ApiProperty } from '@nestjs/swagger';
import { BooleanField, EnumField, IntField } from '../../platform/validation/fields.js';
import { TimeField } from '../../platform/validation/time-field.js';
import {
  type Feature,
  HISTORY_VISIBILITIES,
  type HistoryVisibility,
  type RoleSetting,
} from '../participants/conversation-settings.constants.js';
import { PARTICIPANT_ROLES, type ParticipantRole } from '../participants/participants.dto.js';

const SLOW_MODE_MAX_SECONDS = 21_600;
const RETENTION_MAX_DAYS = 3650;
const LENGTH_MAX = 100_000;

const FEATURE_DESCRIPTIONS: Readonly<Record<Feature, string>> = {
  typing: 'false: no typing indicators',
  receipts: 'false: no delivery and read receipts; users keep their own read marks',
  presence: 'false: participants do not see each other’s presence because of this conversation',
  member_events: 'false: joins and leaves of others are no events, and are seen in the list of participants only',
  reactions: 'false: no new reactions',
  custom_reactions: 'false: only emoji are reactions, no `:name:`',
  multiple_reactions: 'false: a user has one reaction to a message, and a new one replaces it',
  threads: 'false: replies quote a message, and begin no thread',
  polls: 'false: no new polls',
  forwarding: 'false: its messages cannot be forwarded, and no others into it',
  streaming: 'false: no new streaming messages',
  uploads: 'false: no new files',
  links: 'false: no links in new texts',
  link_previews: 'false: links get no previews; they need LINK_PREVIEWS of the installation too',
  mention_all: 'false: no mentions of all participants at once, not by moderators either',
};

const ROLE_DESCRIPTIONS: Readonly<Record<RoleSetting, string>> = {
  send_role: 'The lowest role that may write',
  invite_role: 'The lowest role that may add participants; `allow_invites` adds participants to the moderators',
  pin_role: 'The lowest role that may pin',
};

const JOIN_REQUESTS =
  'Of a private conversation: users may ask to join, and then see its title, description and picture';
const SYSTEM_MESSAGES = 'System messages announce joins, leaves, roles, titles and pins';

/** The settings that a conversation type has, and that a conversation of the type may only narrow. */
export class NarrowingSettingsDto {
  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.typing })
  typing?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.receipts })
  receipts?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.presence })
  presence?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.member_events })
  member_events?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.reactions })
  reactions?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.custom_reactions })
  custom_reactions?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.multiple_reactions })
  multiple_reactions?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.threads })
  threads?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.polls })
  polls?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.forwarding })
  forwarding?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.streaming })
  streaming?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.uploads })
  uploads?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.links })
  links?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.link_previews })
  link_previews?: boolean;

  @BooleanField({ optional: true, description: FEATURE_DESCRIPTIONS.mention_all })
  mention_all?: boolean;

  @EnumField({ values: PARTICIPANT_ROLES, optional: true, description: ROLE_DESCRIPTIONS.send_role })
  send_role?: ParticipantRole;

  @EnumField({ values: PARTICIPANT_ROLES, optional: true, description: ROLE_DESCRIPTIONS.invite_role })
  invite_role?: ParticipantRole;

  @EnumField({ values: PARTICIPANT_ROLES, optional: true, description: ROLE_DESCRIPTIONS.pin_role })
  pin_role?: ParticipantRole;

  @IntField({
    min: 0,
    max: SLOW_MODE_MAX_SECONDS,
    optional: true,
    description:
      'Seconds between two messages, edits or reactions of one participant, except for moderators; 0: no slow mode',
  })
  slow_mode_seconds?: number;

  @IntField({
    min: 1,
    max: LENGTH_MAX,
    optional: true,
    nullable: true,
    description: 'Code points of a message; null: CONTENT_MAX_LENGTH, which applies in any case',
  })
  message_length_max?: number | null;

  @IntField({
    min: 1,
    max: RETENTION_MAX_DAYS,
    optional: true,
    nullable: true,
    description: 'Messages older than this number of days are deleted; null: none',
  })
  message_retention_days?: number | null;
}

/** The settings of a conversation. */
export class ConversationSettingsDto extends NarrowingSettingsDto {
  @BooleanField({ optional: true, description: 'Only by invitation; rooms are public when omitted' })
  is_private?: boolean;

  @BooleanField({ optional: true, description: 'Every participant may add others; otherwise only moderators' })
  allow_invites?: boolean;

  @BooleanField({ optional: true, description: JOIN_REQUESTS })
  join_requests?: boolean;

  @BooleanField({
    optional: true,
    description: 'Only moderators may post, edit and react; participants may still read',
  })
  is_frozen?: boolean;

  @BooleanField({
    optional: true,
    description: 'Every participant may mention all others with `all` and `here`; otherwise only moderators',
  })
  allow_mention_all?: boolean;

  @BooleanField({ optional: true, description: 'System messages count as unread' })
  count_system_messages?: boolean;

  @BooleanField({ optional: true, description: SYSTEM_MESSAGES })
  system_messages?: boolean;

  @EnumField({
    values: HISTORY_VISIBILITIES,
    optional: true,
    description:
      'What users who join from now on see of the messages before: all, none (`since_join`), or those since `history_since`',
  })
  history_visibility?: HistoryVisibility;

  @TimeField({ optional: true, nullable: true, description: 'With `history_visibility: since_date`: its date' })
  history_since?: string | null;
}

/** The settings of a conversation type, or of a conversation as far as its type allows them. */
export class EffectiveSettingsDto {
  @ApiProperty({ description: FEATURE_DESCRIPTIONS.typing })
  typing: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.receipts })
  receipts: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.presence })
  presence: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.member_events })
  member_events: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.reactions })
  reactions: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.custom_reactions })
  custom_reactions: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.multiple_reactions })
  multiple_reactions: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.threads })
  threads: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.polls })
  polls: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.forwarding })
  forwarding: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.streaming })
  streaming: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.uploads })
  uploads: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.links })
  links: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.link_previews })
  link_previews: boolean;

  @ApiProperty({ description: FEATURE_DESCRIPTIONS.mention_all })
  mention_all: boolean;

  @ApiProperty({ enum: PARTICIPANT_ROLES, description: ROLE_DESCRIPTIONS.send_role })
  send_role: ParticipantRole;

  @ApiProperty({ enum: PARTICIPANT_ROLES, description: ROLE_DESCRIPTIONS.invite_role })
  invite_role: ParticipantRole;

  @ApiProperty({ enum: PARTICIPANT_ROLES, description: ROLE_DESCRIPTIONS.pin_role })
  pin_role: ParticipantRole;

  @ApiProperty()
  slow_mode_seconds: number;

  @ApiProperty({ type: Number, nullable: true, description: 'Code points; null: the limit of the installation' })
  message_length_max: number | null;

  @ApiProperty({ type: Number, nullable: true })
  message_retention_days: number | null;
}

/** The settings that apply in a conversation: its own, as far as its conversation type allows them. */
export class SettingsDto extends EffectiveSettingsDto {
  @ApiProperty()
  is_private: boolean;

  @ApiProperty()
  allow_invites: boolean;

  @ApiProperty({ description: JOIN_REQUESTS })
  join_requests: boolean;

  @ApiProperty()
  is_frozen: boolean;

  @ApiProperty()
  allow_mention_all: boolean;

  @ApiProperty()
  count_system_messages: boolean;

  @ApiProperty({ description: SYSTEM_MESSAGES })
  system_messages: boolean;

  @ApiProperty({ enum: HISTORY_VISIBILITIES })
  history_visibility: HistoryVisibility;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  history_since: string | null;
}
