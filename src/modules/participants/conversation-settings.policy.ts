import type { FieldProblem } from '../../platform/errors/app-error.js';
import {
  type Feature,
  FEATURES,
  HISTORY_VISIBILITIES,
  type HistoryVisibility,
  ROLE_SETTINGS,
  type RoleSetting,
  type StoredSettings,
} from './conversation-settings.constants.js';
import { type ConversationType, type ParticipantRole, rankOf } from './participant-roles.js';

/** Limits of which the lower of type and conversation applies; without a value in both there is none. */
const UPPER_LIMITS = ['message_length_max', 'message_retention_days'] as const;

/** Participants of one conversation, if its type has no other number. */
export const PARTICIPANTS_MAX = 5000;

/** What the conversations of a type may do at most. */
export interface TypeSettings
  extends Readonly<Record<Feature, boolean>>, Readonly<Record<RoleSetting, ParticipantRole>> {
  /** Seconds between two messages of one participant; 0: none. */
  readonly slow_mode_seconds: number;
  /** In code points; null: the limit of the installation. */
  readonly message_length_max: number | null;
  readonly message_retention_days: number | null;
  readonly participants_max: number;
  /** Conversations may switch system messages on. */
  readonly system_messages: boolean;
  /** Of new conversations that choose no other. */
  readonly history_visibility: HistoryVisibility;
}

/**
 * The settings that apply in a conversation. A feature is on if neither the conversation type nor the conversation has
 * switched it off; of roles and limits the stricter applies.
 */
export interface ConversationSettings extends Omit<TypeSettings, 'participants_max' | 'system_messages'> {
  readonly is_private: boolean;
  readonly allow_invites: boolean;
  /** While it is private, users may ask to join, and then see its summary. */
  readonly join_requests: boolean;
  readonly is_frozen: boolean;
  /** Every participant may mention all others at once. */
  readonly allow_mention_all: boolean;
  /** System messages count as unread. */
  readonly count_system_messages: boolean;
  /** Joins, leaves, new roles, titles and pins are announced by system messages. */
  readonly system_messages: boolean;
  /** With `since_date`: the first time from which they see messages. */
  readonly history_since: string | null;
}

/** The settings of a conversation type, with defaults for those that were never set. */
export function typeSettingsOf(type: ConversationType, stored: StoredSettings | null): TypeSettings {
  const settings = stored ?? {};
  return {
    ...features((name) => settings[name] !== false),
    send_role: highest(settings.send_role),
    invite_role: highest(settings.invite_role),
    // In a direct conversation both users may pin.
    pin_role: highest(settings.pin_role ?? (type === 'direct' ? 'participant' : 'moderator')),
    slow_mode_seconds: numberOf(settings.slow_mode_seconds) ?? 0,
    message_length_max: numberOf(settings.message_length_max) ?? null,
    message_retention_days: numberOf(settings.message_retention_days) ?? null,
    participants_max: numberOf(settings.participants_max) ?? PARTICIPANTS_MAX,
    system_messages: settings.system_messages !== false,
    history_visibility: visibilityOf(settings.history_visibility),
  };
}

/** The settings that apply in a conversation of this type, by what the conversation and its conversation type store. */
export function settingsOf(
  type: ConversationType,
  stored: StoredSettings,
  ofType: StoredSettings | null,
): ConversationSettings {
  const most = typeSettingsOf(type, ofType);
  const allowsInvites = stored.allow_invites === true;
  return {
    ...features((name) => most[name] && stored[name] !== false),
    send_role: highest(most.send_role, stored.send_role),
    invite_role: highest(most.invite_role, stored.invite_role, allowsInvites ? 'participant' : 'moderator'),
    pin_role: highest(most.pin_role, stored.pin_role),
    slow_mode_seconds: Math.max(most.slow_mode_seconds, numberOf(stored.slow_mode_seconds) ?? 0),
    message_length_max: lower(most.message_length_max, stored.message_length_max),
    message_retention_days: lower(most.message_retention_days, stored.message_retention_days),
    is_private: typeof stored.is_private === 'boolean' ? stored.is_private : type !== 'room',
    allow_invites: allowsInvites,
    join_requests: stored.join_requests === true,
    is_frozen: stored.is_frozen === true,
    allow_mention_all: stored.allow_mention_all === true,
    count_system_messages: stored.count_system_messages === true,
    system_messages: most.system_messages && stored.system_messages === true,
    history_visibility: visibilityOf(stored.history_visibility),
    history_since: typeof stored.history_since === 'string' ? stored.history_since : null,
  };
}

/** What of the settings for a conversation exceeds its conversation type, which they may only narrow. */
export function problemsOfWiderSettings(
  type: ConversationType,
  settings: StoredSettings,
  ofType: StoredSettings | null,
): FieldProblem[] {
  const most = typeSettingsOf(type, ofType);
  const isWider = (name: string): boolean => {
    const wanted = settings[name];
    if (wanted === undefined) return false;
    if (isOneOf(FEATURES, name)) return wanted === true && !most[name];
    if (isOneOf(ROLE_SETTINGS, name)) return rankOf(wanted as ParticipantRole) < rankOf(most[name]);
    if (isOneOf(UPPER_LIMITS, name)) return (numberOf(wanted) ?? Infinity) > (most[name] ?? Infinity);
    if (name === 'slow_mode_seconds') return (numberOf(wanted) ?? 0) < most.slow_mode_seconds;
    if (name === 'allow_invites') return wanted === true && most.invite_role !== 'participant';
    if (name === 'allow_mention_all') return wanted === true && !most.mention_all;
    return name === 'system_messages' && wanted === true && !most.system_messages;
  };
  return Object.keys(settings)
    .filter(isWider)
    .map((name) => ({ field: `settings.${name}`, reason: 'exceeds what the conversation type allows' }));
}

function visibilityOf(stored: unknown): HistoryVisibility {
  return HISTORY_VISIBILITIES.find((value) => value === stored) ?? 'all';
}

function features(isOn: (name: Feature) => boolean): Record<Feature, boolean> {
  return Object.fromEntries(FEATURES.map((name) => [name, isOn(name)])) as Record<Feature, boolean>;
}

function isOneOf<Name extends string>(names: readonly Name[], name: string): name is Name {
  return (names as readonly string[]).includes(name);
}

/** The highest of the roles that are given; participant without any. */
function highest(...roles: unknown[]): ParticipantRole {
  const given = roles.filter((role) => role !== undefined) as ParticipantRole[];
  return given.reduce((one, other) => (rankOf(other) > rankOf(one) ? other : one), 'participant');
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function lower(...values: unknown[]): number | null {
  const limits = values.flatMap((value) => numberOf(value) ?? []);
  return limits.length > 0 ? Math.min(...limits) : null;
}
