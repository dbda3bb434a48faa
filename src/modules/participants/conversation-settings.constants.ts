/** What a conversation type, or a conversation itself, may switch off. */
export const FEATURES = [
  'typing',
  'receipts',
  'presence',
  'member_events',
  'reactions',
  'custom_reactions',
  'multiple_reactions',
  'threads',
  'polls',
  'forwarding',
  'streaming',
  'uploads',
  'links',
  'link_previews',
  'mention_all',
] as const;
export type Feature = (typeof FEATURES)[number];

/** The lowest role that may write, add participants or pin. */
export const ROLE_SETTINGS = ['send_role', 'invite_role', 'pin_role'] as const;
export type RoleSetting = (typeof ROLE_SETTINGS)[number];

/** What users who join see of the messages before: all, none, or those since a date. */
export const HISTORY_VISIBILITIES = ['all', 'since_join', 'since_date'] as const;
export type HistoryVisibility = (typeof HISTORY_VISIBILITIES)[number];

/** Settings as they are stored: those that were never set are missing. */
export type StoredSettings = Readonly<Record<string, unknown>>;
