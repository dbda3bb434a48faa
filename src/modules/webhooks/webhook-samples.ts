import type { ConversationSummaryDto } from '../conversations/conversations.dto.js';
import type { MessageDto } from '../messages/messages.dto.js';
import type { InvitedConversationDto } from '../participants/invitations/invitations.dto.js';
import type { JoinRequestDto } from '../participants/join-requests/join-requests.dto.js';
import type { EventParticipantDto } from '../participants/participants.dto.js';
import { settingsOf } from '../participants/conversation-settings.policy.js';
import type { UserDto } from '../users/users.dto.js';

/* What the samples of the catalogue consist of. */

export const CONVERSATION = '019a0000-0000-7000-8000-000000000001';
export const MESSAGE = '019a0000-0000-7000-8000-000000000002';
export const INVITATION = '019a0000-0000-7000-8000-000000000003';
export const ANA = '019a0000-0000-7000-8000-00000000000a';
export const BO = '019a0000-0000-7000-8000-00000000000b';
export const AT = '2026-11-21T06:11:00.123Z';

export const context = { conversation_id: CONVERSATION, seq: 7, actor_id: ANA };
export const message: MessageDto = {
  id: MESSAGE,
  conversation_id: CONVERSATION,
  sequence_number: 5,
  seq: 7,
  sender_id: ANA,
  sender_name: 'Ana',
  message_type: 'text',
  content: 'Hello!',
  reply_to_id: null,
  reply_to_content: null,
  reply_to: null,
  mentions: [],
  attachments: [],
  reactions: [],
  metadata: {},
  status: 'sent',
  is_edited: false,
  is_deleted: false,
  is_pinned: false,
  created_at: AT,
  updated_at: AT,
};
export const messageFields = { message_id: MESSAGE, sender_id: ANA };
export const conversation: ConversationSummaryDto = {
  id: CONVERSATION,
  type: 'group',
  type_name: 'group',
  slug: null,
  category: null,
  title: 'Plans',
  description: '',
  created_by: ANA,
  created_at: AT,
  updated_at: AT,
  participant_count: 2,
  settings: settingsOf('group', {}, null),
  external_id: null,
  picture: null,
  metadata: {},
};
export const profile = { user_id: BO, username: 'bo', display_name: 'Bo', avatar_url: null };
export const participant: EventParticipantDto = {
  ...profile,
  is_banned: false,
  role: 'participant',
  is_muted: false,
  muted_until: null,
  joined_at: AT,
};
export const user: UserDto = {
  id: BO,
  username: 'bo',
  display_name: 'Bo',
  avatar_url: null,
  email: 'bo@example.com',
  external_id: null,
  status: 'offline',
  last_seen: null,
  profile: { bio: '', avatar_url: null, location: '' },
  metadata: { public: {}, private: {} },
  role: 'user',
  created_at: AT,
};
export const reaction = { ...context, message_id: MESSAGE, sequence_number: 5, emoji: '👍', user_id: ANA };

export const poll = {
  question: 'When do we meet?',
  options: [
    { id: '1', text: 'On Monday', vote_count: 1, user_ids: [ANA] },
    { id: '2', text: 'On Tuesday', vote_count: 0, user_ids: [] },
  ],
  multiple: false,
  anonymous: false,
  voter_count: 1,
  closes_at: null,
  closed_at: null,
};
export const report = {
  report_id: '019a0000-0000-7000-8000-00000000000d',
  reporter_id: ANA,
  target_type: 'message',
  target_id: MESSAGE,
  conversation_id: CONVERSATION,
  subject_id: BO,
  category: 'spam',
};

export const invitedTo: InvitedConversationDto = {
  id: CONVERSATION,
  type: 'group',
  title: 'Plans',
  description: '',
  picture: null,
  participant_count: 2,
};

export const joinRequest: JoinRequestDto = {
  id: '019a0000-0000-7000-8000-000000000004',
  user_id: BO,
  username: 'bo',
  display_name: 'Bo',
  avatar_url: null,
  message: 'May I take part?',
  created_at: AT,
  expires_at: '2026-12-21T06:11:00.123Z',
  conversation: invitedTo,
};
