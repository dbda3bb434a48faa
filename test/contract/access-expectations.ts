import type { KnownIds } from './samples.js';

/** The relation of the user to the conversation or to the system. All except anonymous have a valid token. */
export const ACTORS = [
  'anonymous',
  'outsider',
  'removed',
  'muted',
  'participant',
  'moderator',
  'owner',
  /** Of the system, and not a participant. */
  'admin',
  /** A participant whose account is banned. */
  'banned',
  /** Was an admin a moment ago, and uses the same token. */
  'demoted admin',
  /** The same, and banned since. */
  'banned admin',
] as const;
export type ActorKind = (typeof ACTORS)[number];

/** The targets of a cell; all belong to other users. */
export interface CellIds extends KnownIds {
  /** Not in the conversation. */
  readonly newcomerId: string;
  readonly victimName: string;
  readonly victimToken: string;
  /** Is in the message. */
  readonly content: string;
}

export interface Expectation {
  /** All others are refused. */
  readonly allow: readonly ActorKind[];
  /** Of those allowed, the users who may read the content of the conversation; all of them if omitted. */
  readonly sees?: readonly ActorKind[];
  /** The status for a user who is refused with a valid credential; 403 if omitted. A frame has the matching code. */
  readonly refusal?: number;
  /** Public with a signed URL; without one it needs a credential like other routes. */
  readonly isAddress?: boolean;
  readonly body?: (ids: CellIds) => object;
  /** A body that is not JSON. */
  readonly raw?: (ids: CellIds) => { type: string; text: string };
  readonly query?: (ids: CellIds) => string;
}

/** Whether the account is banned, in any role. */
export function isBanned(kind: ActorKind): boolean {
  return kind === 'banned' || kind === 'banned admin';
}

const ALL: readonly ActorKind[] = ACTORS;
const USERS = ACTORS.filter((kind) => kind !== 'anonymous' && !isBanned(kind));
const MEMBERS: readonly ActorKind[] = ['muted', 'participant', 'moderator', 'owner'];
const POSTERS: readonly ActorKind[] = ['participant', 'moderator', 'owner'];
const MODERATORS: readonly ActorKind[] = ['moderator', 'owner'];
/** Admins moderate without participating, and without reading. */
const MODERATOR_ROLES: readonly ActorKind[] = [...MODERATORS, 'admin'];
const NONE: readonly ActorKind[] = [];

const open: Expectation = { allow: ALL, sees: NONE };
const ownResource: Expectation = { allow: USERS, sees: NONE };
const guess = 'no such password as this';
const registration = ({ newcomerId }: CellIds): object => ({
  email: `${newcomerId}@example.net`,
  username: `n${newcomerId.slice(-12)}`,
  password: 'orbit-41-lamp-plum-river',
});

const part = (headers: string, value: string): string =>
  `--x\r\nContent-Disposition: form-data; ${headers}\r\n\r\n${value}\r\n`;

/** A file for the conversation in the path. */
function uploadAlone(): { type: string; text: string } {
  const file = part('name="file"; filename="a.txt"\r\nContent-Type: text/plain', 'some text');
  return { type: 'multipart/form-data; boundary=x', text: `${file}--x--\r\n` };
}

/** A file for the conversation in the form. */
function uploadTo({ conversationId }: CellIds): { type: string; text: string } {
  const file = part('name="file"; filename="a.txt"\r\nContent-Type: text/plain', 'some text');
  return {
    type: 'multipart/form-data; boundary=x',
    text: `${part('name="conversation_id"', conversationId)}${file}--x--\r\n`,
  };
}

const CONVERSATION = '/api/v1/conversations/{id}';
const MESSAGE = '/api/v1/messages/{id}';
const CLASSROOM = '/api/conversations/{id}';
/** Bytes that continue an upload. */
const pieceOf = (text: string) => () => ({ type: 'application/offset+octet-stream', text });

const FILE = '/api/v1/files/{id}';
const UPLOAD = '/api/v1/uploads/{id}';
const SCHEDULED = '/api/v1/scheduled-messages/{id}';
const WEBHOOK = '/api/v1/webhooks/{id}';
const REPORT = '/api/v1/admin/reports/{id}';
const RULE = '/api/v1/admin/content-rules/{id}';
const HELD = '/api/v1/admin/held-messages/{id}';
const newRule = ({ newcomerId }: CellIds): object => ({ kind: 'word', pattern: newcomerId, action: 'mask' });
const ACCOUNT = '/api/v1/admin/users/{id}';

/** Every route and its allowed users. A route without an entry fails the test, and so does an entry without a route. */
export const ROUTES: Record<string, Expectation> = {
  'GET /livez': open,
  'GET /readyz': open,
  'GET /healthz': open,

  'POST /api/v1/users': { ...open, body: registration },
  'POST /api/v1/auth/register': { ...open, body: registration },
  'POST /api/v1/auth/login': {
    allow: NONE,
    refusal: 401,
    body: ({ victimName }) => ({ login: victimName, password: guess }),
  },
  'POST /api/v1/auth/refresh': { allow: NONE, refusal: 401 },
  'POST /api/v1/auth/logout': ownResource,
  'POST /api/v1/auth/logout-all': ownResource,
  'POST /api/v1/auth/password': {
    allow: NONE,
    refusal: 401,
    body: () => ({ current_password: guess, new_password: 'orbit-41-lamp-plum-river' }),
  },
  'PATCH /api/v1/auth/account': {
    allow: NONE,
    refusal: 401,
    body: ({ newcomerId }) => ({ current_password: guess, username: `n${newcomerId.slice(-12)}` }),
  },
  'GET /api/v1/auth/sessions': ownResource,
  'DELETE /api/v1/auth/sessions/{id}': { allow: NONE, refusal: 404 },
  'POST /api/v1/auth/ticket': ownResource,
  'POST /api/v1/users/{id}/tokens': { allow: NONE },
  'POST /api/v1/users/{id}/revoke-tokens': { allow: ['admin'] },

  'GET /api/v1/users': { ...ownResource, query: ({ victimName }) => `search=${victimName}` },
  'GET /api/v1/users/me': ownResource,
  'PATCH /api/v1/users/me': { ...ownResource, body: () => ({ location: 'here' }) },
  'GET /api/v1/users/me/blocks': ownResource,
  'GET /api/v1/users/me/unread': ownResource,
  'GET /api/v1/users/me/mentions': { allow: USERS, sees: NONE },
  'POST /api/v1/users/me/read': { ...ownResource, body: () => ({ all: true }) },
  'POST /api/v1/users/unread': { allow: NONE, body: ({ userId }) => ({ user_ids: [userId] }) },
  'GET /api/v1/users/{id}': ownResource,
  'PATCH /api/v1/users/{id}': { allow: ['admin'], body: () => ({ location: 'here' }) },
  'POST /api/v1/users/{id}/deactivate': { allow: ['admin'] },
  'POST /api/v1/users/{id}/reactivate': { allow: ['admin'] },
  'DELETE /api/v1/users/{id}': { allow: ['admin'], query: () => 'messages=keep' },
  'GET /api/v1/users/batch': { allow: ['admin'], sees: NONE, query: () => 'external_ids=unknown' },
  'PUT /api/v1/users/batch': {
    allow: ['admin'],
    sees: NONE,
    body: ({ newcomerId }) => ({ users: [{ external_id: newcomerId, display_name: 'A new user' }] }),
  },
  'PUT /api/v1/users/{id}/block': ownResource,
  'DELETE /api/v1/users/{id}/block': ownResource,

  'GET /api/v1/presence': { allow: USERS, sees: MEMBERS, query: ({ userId }) => `user_ids=${userId}` },
  'PUT /api/v1/presence': { ...ownResource, body: () => ({ status: 'busy' }) },
  [`POST ${CONVERSATION}/typing`]: { allow: POSTERS },
  [`DELETE ${CONVERSATION}/typing`]: { allow: POSTERS },

  'POST /api/v1/conversations': { ...ownResource, body: () => ({ type: 'group', title: 'Another' }) },
  'GET /api/v1/conversations': { allow: USERS, sees: MEMBERS },
  'GET /api/v1/conversations/public': ownResource,
  [`GET ${CONVERSATION}`]: { allow: MEMBERS },
  [`PUT ${CONVERSATION}`]: { allow: NONE, body: () => ({ type: 'group' }) },
  [`PATCH ${CONVERSATION}`]: { allow: MODERATOR_ROLES, sees: MODERATORS, body: () => ({ title: 'Another title' }) },
  [`DELETE ${CONVERSATION}`]: { allow: ['owner', 'admin'] },
  [`POST ${CONVERSATION}/join`]: { allow: MEMBERS },

  [`GET ${CONVERSATION}/participants`]: { allow: MEMBERS },
  [`POST ${CONVERSATION}/participants`]: {
    allow: MODERATOR_ROLES,
    sees: MODERATORS,
    body: ({ newcomerId }) => ({ user_ids: [newcomerId] }),
  },
  [`PATCH ${CONVERSATION}/participants/{user_id}`]: {
    allow: MODERATOR_ROLES,
    sees: MODERATORS,
    body: () => ({ is_muted: true }),
  },
  [`DELETE ${CONVERSATION}/participants/{user_id}`]: { allow: MODERATOR_ROLES },
  [`GET ${CONVERSATION}/bans`]: { allow: MODERATOR_ROLES, sees: NONE },
  [`POST ${CONVERSATION}/bans`]: {
    allow: MODERATOR_ROLES,
    sees: NONE,
    body: ({ newcomerId }) => ({ user_id: newcomerId }),
  },
  [`DELETE ${CONVERSATION}/bans/{user_id}`]: { allow: MODERATOR_ROLES },
  [`DELETE ${CONVERSATION}/participants/{user_id}/messages`]: { allow: MODERATORS, query: () => 'since=2020-01-01' },
  [`POST ${CONVERSATION}/invitations`]: {
    allow: MODERATOR_ROLES,
    sees: MODERATORS,
    body: ({ newcomerId }) => ({ user_ids: [newcomerId] }),
  },
  [`GET ${CONVERSATION}/invitations`]: { allow: MODERATOR_ROLES, sees: MODERATORS },
  [`DELETE ${CONVERSATION}/invitations/{user_id}`]: { allow: MODERATOR_ROLES },
  [`POST ${CONVERSATION}/invite-links`]: { allow: MODERATOR_ROLES, sees: NONE },
  [`GET ${CONVERSATION}/invite-links`]: { allow: MODERATOR_ROLES, sees: NONE },
  [`DELETE ${CONVERSATION}/invite-links/{link_id}`]: { allow: MODERATOR_ROLES },
  'POST /api/v1/invite-links/join': { allow: NONE, refusal: 404, body: () => ({ code: 'of no link' }) },
  // The conversation of the tests accepts none.
  [`POST ${CONVERSATION}/join-requests`]: { allow: NONE },
  [`GET ${CONVERSATION}/join-requests`]: { allow: MODERATORS, sees: NONE },
  'GET /api/v1/join-requests': ownResource,
  'DELETE /api/v1/join-requests/{id}': { allow: NONE, refusal: 404 },
  'POST /api/v1/join-requests/{id}/approve': { allow: NONE, refusal: 404 },
  'POST /api/v1/join-requests/{id}/decline': { allow: NONE, refusal: 404 },
  'GET /api/v1/invitations': ownResource,
  'GET /api/v1/invitations/settings': ownResource,
  'PUT /api/v1/invitations/settings': { ...ownResource, body: () => ({ requires_invitation: false }) },
  'POST /api/v1/invitations/{id}/accept': { allow: NONE, refusal: 404 },
  'POST /api/v1/invitations/{id}/decline': { allow: NONE, refusal: 404 },
  [`POST ${CONVERSATION}/leave`]: { allow: MEMBERS },
  [`PATCH ${CONVERSATION}/me`]: { allow: MEMBERS, body: () => ({ is_pinned: true }) },
  [`POST ${CONVERSATION}/read`]: { allow: MEMBERS, body: () => ({ sequence_number: 1 }) },
  [`POST ${CONVERSATION}/unread`]: { allow: MEMBERS, body: () => ({ sequence_number: 1 }) },
  [`POST ${CONVERSATION}/clear`]: { allow: MEMBERS, body: () => ({ up_to_number: 0 }) },
  [`POST ${CONVERSATION}/hide`]: { allow: MEMBERS },
  [`POST ${CONVERSATION}/truncate`]: { allow: MODERATORS, body: () => ({ up_to_number: 0 }) },
  [`DELETE ${CONVERSATION}/hide`]: { allow: MEMBERS },

  [`POST ${CONVERSATION}/messages`]: { allow: POSTERS },
  [`POST ${CONVERSATION}/ephemeral-messages`]: { allow: POSTERS },
  [`GET ${CONVERSATION}/messages`]: { allow: MEMBERS },
  [`GET ${CONVERSATION}/pins`]: { allow: MEMBERS },
  [`GET ${CONVERSATION}/events`]: { allow: MEMBERS, query: () => 'after_seq=0' },
  'GET /api/v1/threads': { allow: USERS, sees: NONE },
  'GET /api/v1/search/messages': { allow: USERS, sees: MEMBERS, query: ({ content }) => `q=${content}` },
  'GET /api/v1/sync': { allow: USERS, sees: MEMBERS },
  [`GET ${MESSAGE}`]: { allow: MEMBERS },
  [`PATCH ${MESSAGE}`]: { allow: NONE },
  [`DELETE ${MESSAGE}`]: { allow: MODERATORS },
  [`GET ${MESSAGE}/history`]: { allow: MEMBERS },
  [`GET ${MESSAGE}/replies`]: { allow: MEMBERS },
  [`GET ${MESSAGE}/receipts`]: { allow: MEMBERS },
  [`POST ${MESSAGE}/forward`]: {
    allow: POSTERS,
    body: ({ conversationId }) => ({ conversation_ids: [conversationId] }),
  },
  [`DELETE ${MESSAGE}/link-previews`]: { allow: NONE },
  [`PUT ${MESSAGE}/poll/votes`]: { allow: POSTERS, body: () => ({ option_ids: ['1'] }) },
  [`DELETE ${MESSAGE}/poll/votes`]: { allow: MEMBERS },
  [`POST ${MESSAGE}/poll/close`]: { allow: MODERATORS },
  // Only its sender writes the text of a message.
  [`POST ${MESSAGE}/append`]: { allow: NONE, body: () => ({ offset: 0, text: 'x' }) },
  [`POST ${MESSAGE}/finish`]: { allow: NONE, body: () => ({ length: 0 }) },
  [`POST ${MESSAGE}/cancel`]: { allow: NONE },
  [`PUT ${MESSAGE}/thread/follow`]: { allow: MEMBERS },
  [`DELETE ${MESSAGE}/thread/follow`]: { allow: MEMBERS },
  [`POST ${MESSAGE}/thread/read`]: { allow: MEMBERS, body: () => ({ sequence_number: 1 }) },
  [`GET ${MESSAGE}/reactions`]: { allow: MEMBERS },
  [`PUT ${MESSAGE}/reactions/{emoji}`]: { allow: POSTERS },
  [`DELETE ${MESSAGE}/reactions/{emoji}`]: { allow: MEMBERS },
  [`PUT ${MESSAGE}/pin`]: { allow: MODERATORS },
  [`DELETE ${MESSAGE}/pin`]: { allow: MODERATORS },
  [`PUT ${MESSAGE}/saved`]: { allow: MEMBERS, sees: NONE, body: () => ({}) },
  // It only removes what the user has saved themselves.
  [`DELETE ${MESSAGE}/saved`]: ownResource,
  'GET /api/v1/users/me/saved-messages': ownResource,
  [`PUT ${CONVERSATION}/draft`]: { allow: MEMBERS, sees: NONE },
  [`GET ${CONVERSATION}/draft`]: { allow: MEMBERS, sees: NONE },
  [`DELETE ${CONVERSATION}/draft`]: { allow: MEMBERS, sees: NONE },
  'GET /api/v1/users/me/drafts': ownResource,
  // Whether the author may post is decided when the message is sent.
  [`POST ${CONVERSATION}/scheduled-messages`]: { allow: MEMBERS },
  [`GET ${CONVERSATION}/scheduled-messages`]: { allow: MEMBERS, sees: NONE },
  'GET /api/v1/scheduled-messages': ownResource,
  [`PATCH ${SCHEDULED}`]: { allow: NONE, refusal: 404, body: () => ({ content: 'x' }) },
  [`DELETE ${SCHEDULED}`]: { allow: NONE, refusal: 404 },

  'POST /api/v1/uploads': { ...ownResource, raw: pieceOf('some') },
  [`GET ${UPLOAD}`]: { allow: NONE, refusal: 404 },
  [`PATCH ${UPLOAD}`]: { allow: NONE, refusal: 404, raw: pieceOf('some text') },
  [`DELETE ${UPLOAD}`]: { allow: NONE, refusal: 404 },
  'POST /api/v1/files': { allow: MEMBERS, raw: uploadTo },
  'POST /api/v1/files/addresses': ownResource,
  [`GET ${FILE}`]: { allow: MEMBERS, refusal: 404 },
  [`GET ${FILE}/content`]: { allow: MEMBERS, refusal: 404, isAddress: true },
  [`GET ${FILE}/thumbnail`]: { allow: MEMBERS, refusal: 404, isAddress: true },
  [`DELETE ${FILE}`]: { allow: NONE, refusal: 404 },
  'GET /api/v1/pictures/{id}': { allow: NONE, refusal: 404 },

  'POST /api/v1/webhooks': {
    ...ownResource,
    body: () => ({ url: 'https://hooks.example/here', events: ['webhook.disabled'] }),
  },
  'GET /api/v1/webhooks': ownResource,
  'GET /api/v1/webhooks/events': ownResource,
  [`GET ${WEBHOOK}`]: { allow: NONE, refusal: 404 },
  [`PATCH ${WEBHOOK}`]: { allow: NONE, refusal: 404, body: () => ({ is_active: false }) },
  [`DELETE ${WEBHOOK}`]: { allow: NONE, refusal: 404 },
  [`POST ${WEBHOOK}/rotate-secret`]: { allow: NONE, refusal: 404 },
  [`POST ${WEBHOOK}/verification`]: { allow: NONE, refusal: 404 },
  [`POST ${WEBHOOK}/ping`]: { allow: NONE, refusal: 404 },
  [`GET ${WEBHOOK}/deliveries`]: { allow: NONE, refusal: 404 },
  [`POST ${WEBHOOK}/replay`]: { allow: NONE, refusal: 404 },
  'POST /api/v1/deliveries/{id}/replay': { allow: NONE, refusal: 404 },

  'POST /api/v1/reports': {
    ...ownResource,
    body: ({ userId }) => ({ target_type: 'user', target_id: userId, category: 'spam' }),
  },
  'GET /api/v1/admin/reports': { allow: ['admin'] },
  [`GET ${REPORT}`]: { allow: ['admin'] },
  [`GET ${REPORT}/messages`]: { allow: ['admin'] },
  'DELETE /api/v1/admin/messages/{id}': { allow: ['admin'], body: () => ({ reason: 'spam' }) },
  [`PATCH ${REPORT}`]: { allow: ['admin'], body: () => ({ note: 'seen' }) },
  [`POST ${REPORT}/claim`]: { allow: ['admin'] },
  [`POST ${REPORT}/release`]: { allow: ['admin'] },
  [`POST ${REPORT}/resolve`]: { allow: ['admin'], body: () => ({ outcome: 'warned' }) },

  'GET /api/v1/admin/content-rules': { allow: ['admin'] },
  'POST /api/v1/admin/content-rules': { allow: ['admin'], body: newRule },
  [`PATCH ${RULE}`]: { allow: ['admin'], body: () => ({ action: 'mask' }) },
  [`DELETE ${RULE}`]: { allow: ['admin'] },
  [`GET ${CONVERSATION}/content-rules`]: { allow: MODERATOR_ROLES },
  [`POST ${CONVERSATION}/content-rules`]: { allow: MODERATOR_ROLES, body: newRule },
  [`PATCH ${CONVERSATION}/content-rules/{rule_id}`]: { allow: MODERATOR_ROLES, body: () => ({ action: 'mask' }) },
  [`DELETE ${CONVERSATION}/content-rules/{rule_id}`]: { allow: MODERATOR_ROLES },

  'GET /api/v1/admin/held-messages': { allow: ['admin'] },
  [`POST ${HELD}/release`]: { allow: ['admin'] },
  [`POST ${HELD}/drop`]: { allow: ['admin'] },
  [`GET ${CONVERSATION}/held-messages`]: { allow: MODERATORS },
  [`POST ${CONVERSATION}/held-messages/{held_id}/release`]: { allow: MODERATORS },
  [`POST ${CONVERSATION}/held-messages/{held_id}/drop`]: { allow: MODERATORS },

  'GET /api/v1/admin/legal-holds': { allow: ['admin'], sees: NONE },
  'POST /api/v1/admin/legal-holds': {
    allow: ['admin'],
    sees: NONE,
    body: ({ newcomerId }) => ({ target_type: 'user', target_id: newcomerId, reason: 'Case 1' }),
  },
  'DELETE /api/v1/admin/legal-holds/{id}': { allow: ['admin'], sees: NONE },

  'GET /api/v1/admin/conversation-types': { allow: ['admin'], sees: NONE },
  'POST /api/v1/admin/conversation-types': {
    allow: ['admin'],
    sees: NONE,
    body: ({ newcomerId }) => ({ name: `of-${newcomerId}`, type: 'group' }),
  },
  'GET /api/v1/admin/conversation-types/{name}': { allow: ['admin'], sees: NONE },
  'PATCH /api/v1/admin/conversation-types/{name}': {
    allow: ['admin'],
    sees: NONE,
    body: () => ({ settings: { polls: false } }),
  },
  'DELETE /api/v1/admin/conversation-types/{name}': { allow: ['admin'], sees: NONE },

  'GET /api/v1/admin/hooks/before-send': { allow: ['admin'], sees: NONE },
  'PUT /api/v1/admin/hooks/before-send': {
    allow: ['admin'],
    sees: NONE,
    body: () => ({ url: 'https://hooks.example/check', on_failure: 'allow', applies_to: { message_types: ['file'] } }),
  },
  'DELETE /api/v1/admin/hooks/before-send': { allow: ['admin'], sees: NONE },

  'POST /api/v1/admin/keys': { allow: ['admin'], sees: NONE, body: () => ({ name: 'shop', scopes: ['users:read'] }) },
  'GET /api/v1/admin/keys': { allow: ['admin'], sees: NONE },
  'DELETE /api/v1/admin/keys/{id}': { allow: ['admin'], sees: NONE },
  'GET /api/v1/admin/audit-log': { allow: ['admin'], sees: NONE },
  'GET /api/v1/admin/stats': { allow: ['admin'], sees: NONE },
  'GET /api/v1/admin/metrics': { allow: ['admin'], sees: NONE },
  'GET /api/v1/admin/queues': { allow: ['admin'], sees: NONE },
  'GET /api/v1/admin/health': { allow: ['admin'], sees: NONE },
  'GET /api/v1/admin/conversations': { allow: ['admin'], sees: NONE },
  'GET /api/v1/admin/users': { allow: ['admin'], sees: NONE, query: ({ victimName }) => `search=${victimName}` },
  [`GET ${ACCOUNT}`]: { allow: ['admin'], sees: NONE },
  [`PATCH ${ACCOUNT}`]: { allow: ['admin'], sees: NONE, body: () => ({ role: 'teacher', reason: 'as agreed' }) },
  [`POST ${ACCOUNT}/ban`]: { allow: ['admin'], body: () => ({ reason: 'spam' }) },
  [`POST ${ACCOUNT}/unban`]: { allow: ['admin'], body: () => ({ reason: 'a mistake' }) },
  [`PUT ${ACCOUNT}/shadow-ban`]: { allow: ['admin'], body: () => ({ reason: 'spam' }) },
  [`DELETE ${ACCOUNT}/shadow-ban`]: { allow: ['admin'] },
  [`GET ${ACCOUNT}/export`]: { allow: ['admin'] },
  [`DELETE ${ACCOUNT}`]: { allow: ['admin'], body: () => ({ reason: 'as asked', messages: 'keep' }) },
  'GET /api/v1/users/me/export': ownResource,
  'DELETE /api/v1/users/me': { allow: NONE, refusal: 401, body: () => ({ password: guess, messages: 'keep' }) },
  [`POST ${ACCOUNT}/logout`]: { allow: ['admin'], body: () => ({ reason: 'a lost phone' }) },

  'POST /api/sessions': { allow: NONE, body: ({ userId }) => ({ user_id: userId }) },
  'GET /api/sessions/{session_id}': { allow: NONE, refusal: 404 },
  'GET /api/rooms': open,
  'POST /api/rooms/{room_id}/join': { allow: MEMBERS, isAddress: true },

  'GET /api/csrf': open,
  'GET /api/messaging/conversations': { allow: USERS, sees: MEMBERS },
  'POST /api/messaging/conversations': {
    ...ownResource,
    body: ({ newcomerId }) => ({ participant_ids: [newcomerId] }),
  },
  'GET /api/messaging/conversations/{conversation_id}/messages': { allow: MEMBERS },
  'POST /api/messaging/conversations/{conversation_id}/messages': { allow: POSTERS, body: () => ({ content: 'x' }) },
  'POST /api/messaging/conversations/{conversation_id}/attachments': { allow: MEMBERS, raw: uploadAlone },
  'GET /api/messaging/stats': ownResource,
  'GET /api/messaging/admin/performance-metrics': { allow: ['admin'], sees: NONE },
  'GET /api/messaging/admin/health-check': { allow: ['admin'], sees: NONE },

  'GET /': open,
  'GET /test-db': open,
  'POST /users/register': { ...open, body: registration },
  'POST /users/login': {
    allow: NONE,
    refusal: 401,
    body: ({ victimName }) => ({ username_or_email: victimName, password: guess }),
  },
  'GET /users/me': ownResource,
  'PUT /users/me': { ...ownResource, body: () => ({ location: 'here' }) },
  'GET /messages': { allow: MEMBERS, query: ({ conversationId }) => `chat_id=${conversationId}` },
  'POST /messages': { allow: POSTERS, body: ({ conversationId }) => ({ chat_id: conversationId, content: 'x' }) },
  'PUT /messages/{message_id}': { allow: NONE },
  'DELETE /messages/{message_id}': { allow: MODERATORS },
  'POST /files/upload': { ...ownResource, raw: uploadAlone },
  'GET /admin/dashboard/stats': { allow: ['admin'], sees: NONE },
  'GET /admin/system/health': { allow: ['admin'], sees: NONE },
  'GET /admin/users': { allow: ['admin'], query: ({ victimName }) => `search=${victimName}` },
  'POST /admin/users/{user_id}/ban': { allow: ['admin'] },
  'POST /admin/users/{user_id}/unban': { allow: ['admin'] },

  [`POST /api/conversations`]: { ...ownResource, body: ({ newcomerId }) => ({ participant_ids: [newcomerId] }) },
  'GET /api/conversations': { allow: USERS, sees: MEMBERS },
  [`GET ${CLASSROOM}`]: { allow: MEMBERS },
  [`PUT ${CLASSROOM}`]: { allow: MODERATORS, body: () => ({ title: 'Another title' }) },
  [`PATCH ${CLASSROOM}`]: { allow: MEMBERS, body: () => ({ is_archived: true }) },
  [`DELETE ${CLASSROOM}`]: { allow: ['owner', 'admin'] },
  [`POST ${CLASSROOM}/upload`]: { allow: MEMBERS, raw: uploadAlone },
  [`POST ${CLASSROOM}/messages`]: { allow: POSTERS },
  [`GET ${CLASSROOM}/messages`]: { allow: MEMBERS },
  [`POST ${CLASSROOM}/participants`]: {
    allow: MODERATOR_ROLES,
    sees: MODERATORS,
    body: ({ newcomerId }) => ({ user_id: newcomerId }),
  },
  [`PUT ${CLASSROOM}/participants/{user_id}`]: {
    allow: MODERATOR_ROLES,
    sees: MODERATORS,
    raw: () => ({ type: 'application/x-www-form-urlencoded', text: 'is_muted=true' }),
  },
  [`PATCH ${CLASSROOM}/participants/{user_id}`]: {
    allow: MODERATOR_ROLES,
    sees: MODERATORS,
    body: () => ({ is_muted: true }),
  },
  [`DELETE ${CLASSROOM}/participants/{user_id}`]: { allow: MODERATOR_ROLES },
  'PUT /api/messages/{id}': {
    allow: NONE,
    raw: () => ({ type: 'application/x-www-form-urlencoded', text: 'content=x' }),
  },
  'PATCH /api/messages/{id}': { allow: NONE },
  'DELETE /api/messages/{id}': { allow: MODERATORS },
  'POST /api/messages/{id}/read': { allow: MEMBERS },
  'GET /api/users/status': { allow: USERS, sees: MEMBERS, query: ({ userId }) => `user_ids=${userId}` },
  'PUT /api/users/status': { ...ownResource, body: () => ({ status: 'busy' }) },

  'POST /api/users': { ...open, body: registration },
  'POST /api/auth/login': {
    allow: NONE,
    refusal: 401,
    body: ({ victimName }) => ({ email: `${victimName}@example.com`, password: guess }),
  },
  'POST /api/auth/refresh': { allow: NONE, refusal: 401 },
  'GET /api/users/{user_id}': ownResource,
  'PATCH /api/users/{user_id}': { allow: NONE, body: () => ({ bio: 'x' }) },
  'GET /api/messages': { allow: MEMBERS, query: ({ conversationId }) => `conversation_id=${conversationId}` },
  'POST /api/messages': {
    allow: POSTERS,
    body: ({ conversationId }) => ({ conversation_id: conversationId, content: 'x' }),
  },
  'POST /api/groups': { ...ownResource, body: () => ({ name: 'Another' }) },
  'POST /api/webhooks': {
    ...ownResource,
    body: () => ({ url: 'https://hooks.example/here', events: ['message.created'] }),
  },
};

/** Every frame and its allowed users. */
export const FRAMES: Record<string, Expectation> = {
  ping: ownResource,
  'admin.watch': { allow: ['admin'], sees: NONE },
  'admin.unwatch': ownResource,
  'auth.refresh': { allow: NONE, body: ({ victimToken }) => ({ token: victimToken }) },
  'presence.set': ownResource,
  'typing.start': { allow: POSTERS },
  'typing.stop': { allow: POSTERS },
  subscribe: { allow: MEMBERS },
  // It only stops the delivery to the user, so access is not checked.
  unsubscribe: ownResource,
  'message.send': { allow: POSTERS },
  'message.send_ephemeral': { allow: POSTERS },
  'message.edit': { allow: NONE },
  'message.append': {
    allow: NONE,
    body: ({ messageId }) => ({ message_id: messageId, offset: 0, text: 'x' }),
  },
  'message.finish': { allow: NONE, body: ({ messageId }) => ({ message_id: messageId, length: 0 }) },
  'message.cancel': { allow: NONE },
  'message.delete': { allow: MODERATORS },
  'reaction.add': { allow: POSTERS, body: ({ messageId }) => ({ message_id: messageId, emoji: '👍' }) },
  'reaction.remove': { allow: MEMBERS, body: ({ messageId }) => ({ message_id: messageId, emoji: '👍' }) },
  'message.read': {
    allow: MEMBERS,
    body: ({ conversationId }) => ({ conversation_id: conversationId, sequence_number: 1 }),
  },
  'message.delivered': {
    allow: MEMBERS,
    body: ({ conversationId }) => ({ conversation_id: conversationId, sequence_number: 1 }),
  },
  history: { allow: MEMBERS },
  'file.get': { allow: MEMBERS, refusal: 404 },
};

const inConversation = ({ conversationId }: CellIds): object => ({ conversation_id: conversationId });

/**
 * Every frame of the dialects, by `<dialect> <type>`, and its allowed users. A user who cannot connect is refused, too.
 */
export const DIALECT_FRAMES: Record<string, Expectation> = {
  'messaging message': { allow: POSTERS },
  'messaging typing': { allow: POSTERS },
  'rooms text_message': {
    allow: POSTERS,
    body: ({ conversationId }) => ({ content: 'x', room_id: conversationId }),
  },
  // Guests send heartbeats, too.
  'rooms heartbeat': { allow: [...USERS, 'anonymous'] },
  'chat message': { allow: POSTERS },
  'classroom join_conversation': { allow: MEMBERS, body: inConversation },
  // It only stops the delivery to the user, so access is not checked.
  'classroom leave_conversation': { ...ownResource, body: inConversation },
  'classroom typing_start': { allow: POSTERS, body: inConversation },
  'classroom typing_stop': { allow: POSTERS, body: inConversation },
  'classroom message_read': {
    allow: MEMBERS,
    body: ({ conversationId, messageId }) => ({ conversation_id: conversationId, message_id: messageId }),
  },
  'direct message': {
    allow: POSTERS,
    body: ({ conversationId }) => ({ conversation_id: conversationId, content: 'x' }),
  },
  'direct typing': { allow: POSTERS },
  'direct ping': ownResource,
};
