/** What a user may do in a conversation. Clients receive it, so that they never compute rights. */
export const CAPABILITIES = [
  'send_message',
  'mention_all',
  'upload_file',
  'react',
  'edit_own',
  'delete_own',
  'delete_any',
  'pin',
  'invite',
  'mute',
  'ban',
  'remove',
  'change_role',
  'transfer_ownership',
  'update',
  'update_retention',
  'delete',
  'join',
  'leave',
] as const;
export type Capability = (typeof CAPABILITIES)[number];
