import type { KnownIds } from './samples.js';

/** How the one who tries stands to the conversation, or to the system. All but anonymous have a valid token. */
export const ACTORS = [
  'anonymous',
  'outsider',
  'removed',
  'muted',
  'participant',
  'moderator',
  'owner',
  /** Of the system, and not in the conversation. */
  'admin',
  /** A participant whose account is banned. */
  'banned',
  /** Acted as an admin a moment ago, with this very token. */
  'demoted admin',
  /** The same, and banned since. */
  'banned admin',
] as const;
export type Who = (typeof ACTORS)[number];

/** What a cell acts upon: all of it is somebody else’s. */
export interface CellIds extends KnownIds {
  /** Not in the conversation. */
  readonly newcomerId: string;
  readonly victimName: string;
  readonly victimToken: string;
  /** Stands in the message. */
  readonly content: string;
}

export interface Expectation {
  /** Everybody else is refused. */
  readonly allow: readonly Who[];
  /** Of those allowed, who may be shown what was said in the conversation; all of them when left out. */
  readonly sees?: readonly Who[];
  /** The status for whoever is refused with a valid credential; 403 when left out. A frame’s code goes with it. */
  readonly refusal?: number;
  /** Public for those who come with a signed address; without one it wants a credential like any other. */
  readonly isAddress?: boolean;
  readonly body?: (ids: CellIds) => object;
  /** A body that is no JSON. */
  readonly raw?: (ids: CellIds) => { type: string; text: string };
  readonly query?: (ids: CellIds) => string;
}

/** Who is banned, whatever he was. */
export function isBanned(who: Who): boolean {
  return who === 'banned' || who === 'banned admin';
}

const ALL: readonly Who[] = ACTORS;
const EVERYBODY = ACTORS.filter((who) => who !== 'anonymous' && !isBanned(who));
const MEMBERS: readonly Who[] = ['muted', 'participant', 'moderator', 'owner'];
const POSTERS: readonly Who[] = ['participant', 'moderator', 'owner'];
const MODERATORS: readonly Who[] = ['moderator', 'owner'];
/** Who keeps order: admins do it without taking part, and without reading along. */
const MODERATOR_ROLES: readonly Who[] = [...MODERATORS, 'admin'];
const NOBODY: readonly Who[] = [];

const open: Expectation = { allow: ALL, sees: NOBODY };
const ownAffair: Expectation = { allow: EVERYBODY, sees: NOBODY };
const guess = 'no such password as this';
const registration = ({ newcomerId }: CellIds): object => ({
  email: `${newcomerId}@example.net`,
  username: `n${newcomerId.slice(-12)}`,
  password: 'orbit-41-lamp-plum-river',
});

const part = (headers: string, value: string): string =>
  `--x\r\nContent-Disposition: form-data; ${headers}\r\n\r\n${value}\r\n`;

/** A file for the conversation the address names. */
function uploadAlone(): { type: string; text: string } {
  const file = part('name="file"; filename="a.txt"\r\nContent-Type: text/plain', 'some text');
  return { type: 'multipart/form-data; boundary=x', text: `${file}--x--\r\n` };
}

/** A file for the conversation. */
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
const FILE = '/api/v1/files/{id}';
const WEBHOOK = '/api/v1/webhooks/{id}';
const REPORT = '/api/v1/admin/reports/{id}';
const RULE = '/api/v1/admin/content-rules/{id}';
const HELD = '/api/v1/admin/held-messages/{id}';
const newRule = ({ newcomerId }: CellIds): object => ({ kind: 'word', pattern: newcomerId, action: 'mask' });
const ACCOUNT = '/api/v1/admin/users/{id}';

/** Every route, and who may. A route that is not here fails the test, and so does a line without a route. */
export const ROUTES: Record<string, Expectation> = {
  'GET /livez': open,
  'GET /readyz': open,
  'GET /healthz': open,

  'POST /api/v1/users': { ...open, body: registration },
  'POST /api/v1/auth/register': { ...open, body: registration },
  'POST /api/v1/auth/login': {
    allow: NOBODY,
    refusal: 401,
    body: ({ victimName }) => ({ login: victimName, password: guess }),
  },
  'POST /api/v1/auth/refresh': { allow: NOBODY, refusal: 401 },
  'POST /api/v1/auth/logout': ownAffair,
  'POST /api/v1/auth/logout-all': ownAffair,
  'POST /api/v1/auth/password': {
    allow: NOBODY,
    refusal: 401,
    body: () => ({ current_password: guess, new_password: 'orbit-41-lamp-plum-river' }),
  },
  'PATCH /api/v1/auth/account': {
    allow: NOBODY,
    refusal: 401,
    body: ({ newcomerId }) => ({ current_password: guess, username: `n${newcomerId.slice(-12)}` }),
  },
  'GET /api/v1/auth/sessions': ownAffair,
  'DELETE /api/v1/auth/sessions/{id}': { allow: NOBODY, refusal: 404 },
  'POST /api/v1/auth/ticket': ownAffair,

  'GET /api/v1/users': { ...ownAffair, query: ({ victimName }) => `search=${victimName}` },
  'GET /api/v1/users/me': ownAffair,
  'PATCH /api/v1/users/me': { ...ownAffair, body: () => ({ location: 'here' }) },
  'GET /api/v1/users/me/blocks': ownAffair,
  'GET /api/v1/users/{id}': ownAffair,
  'PUT /api/v1/users/{id}/block': ownAffair,
  'DELETE /api/v1/users/{id}/block': ownAffair,

  'GET /api/v1/presence': { allow: EVERYBODY, sees: MEMBERS, query: ({ userId }) => `user_ids=${userId}` },
  'PUT /api/v1/presence': { ...ownAffair, body: () => ({ status: 'busy' }) },
  [`POST ${CONVERSATION}/typing`]: { allow: POSTERS },
  [`DELETE ${CONVERSATION}/typing`]: { allow: POSTERS },

  'POST /api/v1/conversations': { ...ownAffair, body: () => ({ type: 'group', title: 'Another' }) },
  'GET /api/v1/conversations': { allow: EVERYBODY, sees: MEMBERS },
  'GET /api/v1/conversations/public': ownAffair,
  [`GET ${CONVERSATION}`]: { allow: MEMBERS },
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
  [`POST ${CONVERSATION}/leave`]: { allow: MEMBERS },
  [`PATCH ${CONVERSATION}/me`]: { allow: MEMBERS, body: () => ({ is_pinned: true }) },
  [`POST ${CONVERSATION}/read`]: { allow: MEMBERS, body: () => ({ sequence_number: 1 }) },

  [`POST ${CONVERSATION}/messages`]: { allow: POSTERS },
  [`GET ${CONVERSATION}/messages`]: { allow: MEMBERS },
  [`GET ${CONVERSATION}/pins`]: { allow: MEMBERS },
  [`GET ${CONVERSATION}/events`]: { allow: MEMBERS, query: () => 'after_seq=0' },
  'GET /api/v1/search/messages': { allow: EVERYBODY, sees: MEMBERS, query: ({ content }) => `q=${content}` },
  'GET /api/v1/sync': { allow: EVERYBODY, sees: MEMBERS },
  [`GET ${MESSAGE}`]: { allow: MEMBERS },
  [`PATCH ${MESSAGE}`]: { allow: NOBODY },
  [`DELETE ${MESSAGE}`]: { allow: MODERATORS },
  [`GET ${MESSAGE}/history`]: { allow: MEMBERS },
  [`GET ${MESSAGE}/replies`]: { allow: MEMBERS },
  [`GET ${MESSAGE}/receipts`]: { allow: MEMBERS },
  [`PUT ${MESSAGE}/reactions/{emoji}`]: { allow: POSTERS },
  [`DELETE ${MESSAGE}/reactions/{emoji}`]: { allow: MEMBERS },
  [`PUT ${MESSAGE}/pin`]: { allow: MODERATORS },
  [`DELETE ${MESSAGE}/pin`]: { allow: MODERATORS },

  'POST /api/v1/files': { allow: MEMBERS, raw: uploadTo },
  'POST /api/v1/files/addresses': ownAffair,
  [`GET ${FILE}`]: { allow: MEMBERS, refusal: 404 },
  [`GET ${FILE}/content`]: { allow: MEMBERS, refusal: 404, isAddress: true },
  [`GET ${FILE}/thumbnail`]: { allow: MEMBERS, refusal: 404, isAddress: true },
  [`DELETE ${FILE}`]: { allow: NOBODY, refusal: 404 },

  'POST /api/v1/webhooks': {
    ...ownAffair,
    body: () => ({ url: 'https://hooks.example/here', events: ['webhook.disabled'] }),
  },
  'GET /api/v1/webhooks': ownAffair,
  'GET /api/v1/webhooks/events': ownAffair,
  [`GET ${WEBHOOK}`]: { allow: NOBODY, refusal: 404 },
  [`PATCH ${WEBHOOK}`]: { allow: NOBODY, refusal: 404, body: () => ({ is_active: false }) },
  [`DELETE ${WEBHOOK}`]: { allow: NOBODY, refusal: 404 },
  [`POST ${WEBHOOK}/rotate-secret`]: { allow: NOBODY, refusal: 404 },
  [`POST ${WEBHOOK}/verification`]: { allow: NOBODY, refusal: 404 },
  [`POST ${WEBHOOK}/ping`]: { allow: NOBODY, refusal: 404 },
  [`GET ${WEBHOOK}/deliveries`]: { allow: NOBODY, refusal: 404 },
  [`POST ${WEBHOOK}/replay`]: { allow: NOBODY, refusal: 404 },
  'POST /api/v1/deliveries/{id}/replay': { allow: NOBODY, refusal: 404 },

  'POST /api/v1/reports': {
    ...ownAffair,
    body: ({ userId }) => ({ target_type: 'user', target_id: userId, category: 'spam' }),
  },
  'GET /api/v1/admin/reports': { allow: ['admin'] },
  [`GET ${REPORT}`]: { allow: ['admin'] },
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

  'GET /api/v1/admin/audit-log': { allow: ['admin'], sees: NOBODY },
  'GET /api/v1/admin/stats': { allow: ['admin'], sees: NOBODY },
  'GET /api/v1/admin/metrics': { allow: ['admin'], sees: NOBODY },
  'GET /api/v1/admin/queues': { allow: ['admin'], sees: NOBODY },
  'GET /api/v1/admin/health': { allow: ['admin'], sees: NOBODY },
  'GET /api/v1/admin/conversations': { allow: ['admin'], sees: NOBODY },
  'GET /api/v1/admin/users': { allow: ['admin'], sees: NOBODY, query: ({ victimName }) => `search=${victimName}` },
  [`GET ${ACCOUNT}`]: { allow: ['admin'], sees: NOBODY },
  [`PATCH ${ACCOUNT}`]: { allow: ['admin'], sees: NOBODY, body: () => ({ role: 'teacher', reason: 'as agreed' }) },
  [`POST ${ACCOUNT}/ban`]: { allow: ['admin'], body: () => ({ reason: 'spam' }) },
  [`POST ${ACCOUNT}/unban`]: { allow: ['admin'], body: () => ({ reason: 'a mistake' }) },
  [`GET ${ACCOUNT}/export`]: { allow: ['admin'] },
  [`DELETE ${ACCOUNT}`]: { allow: ['admin'], body: () => ({ reason: 'as asked', messages: 'keep' }) },
  'GET /api/v1/users/me/export': ownAffair,
  'DELETE /api/v1/users/me': { allow: NOBODY, refusal: 401, body: () => ({ password: guess, messages: 'keep' }) },
  [`POST ${ACCOUNT}/logout`]: { allow: ['admin'], body: () => ({ reason: 'a lost phone' }) },

  'POST /api/sessions': { allow: NOBODY, body: ({ userId }) => ({ user_id: userId }) },
  'GET /api/sessions/{session_id}': { allow: NOBODY, refusal: 404 },
  'GET /api/rooms': open,
  'POST /api/rooms/{room_id}/join': { allow: MEMBERS, isAddress: true },

  'GET /api/csrf': open,
  'GET /api/messaging/conversations': { allow: EVERYBODY, sees: MEMBERS },
  'POST /api/messaging/conversations': { ...ownAffair, body: ({ newcomerId }) => ({ participant_ids: [newcomerId] }) },
  'GET /api/messaging/conversations/{conversation_id}/messages': { allow: MEMBERS },
  'POST /api/messaging/conversations/{conversation_id}/messages': { allow: POSTERS, body: () => ({ content: 'x' }) },
  'POST /api/messaging/conversations/{conversation_id}/attachments': { allow: MEMBERS, raw: uploadAlone },
  'GET /api/messaging/stats': ownAffair,
  'GET /api/messaging/admin/performance-metrics': { allow: ['admin'], sees: NOBODY },
  'GET /api/messaging/admin/health-check': { allow: ['admin'], sees: NOBODY },

  'GET /': open,
  'GET /test-db': open,
  'POST /users/register': { ...open, body: registration },
  'POST /users/login': {
    allow: NOBODY,
    refusal: 401,
    body: ({ victimName }) => ({ username_or_email: victimName, password: guess }),
  },
  'GET /users/me': ownAffair,
  'PUT /users/me': { ...ownAffair, body: () => ({ location: 'here' }) },
  'GET /messages': { allow: MEMBERS, query: ({ conversationId }) => `chat_id=${conversationId}` },
  'POST /messages': { allow: POSTERS, body: ({ conversationId }) => ({ chat_id: conversationId, content: 'x' }) },
  'PUT /messages/{message_id}': { allow: NOBODY },
  'DELETE /messages/{message_id}': { allow: MODERATORS },
  'POST /files/upload': { ...ownAffair, raw: uploadAlone },
  'GET /admin/dashboard/stats': { allow: ['admin'], sees: NOBODY },
  'GET /admin/system/health': { allow: ['admin'], sees: NOBODY },
  'GET /admin/users': { allow: ['admin'], query: ({ victimName }) => `search=${victimName}` },
  'POST /admin/users/{user_id}/ban': { allow: ['admin'] },
  'POST /admin/users/{user_id}/unban': { allow: ['admin'] },

  [`POST /api/conversations`]: { ...ownAffair, body: ({ newcomerId }) => ({ participant_ids: [newcomerId] }) },
  'GET /api/conversations': { allow: EVERYBODY, sees: MEMBERS },
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
    allow: NOBODY,
    raw: () => ({ type: 'application/x-www-form-urlencoded', text: 'content=x' }),
  },
  'PATCH /api/messages/{id}': { allow: NOBODY },
  'DELETE /api/messages/{id}': { allow: MODERATORS },
  'POST /api/messages/{id}/read': { allow: MEMBERS },
  'GET /api/users/status': { allow: EVERYBODY, sees: MEMBERS, query: ({ userId }) => `user_ids=${userId}` },
  'PUT /api/users/status': { ...ownAffair, body: () => ({ status: 'busy' }) },

  'POST /api/users': { ...open, body: registration },
  'POST /api/auth/login': {
    allow: NOBODY,
    refusal: 401,
    body: ({ victimName }) => ({ email: `${victimName}@example.com`, password: guess }),
  },
  'POST /api/auth/refresh': { allow: NOBODY, refusal: 401 },
  'GET /api/users/{user_id}': ownAffair,
  'PATCH /api/users/{user_id}': { allow: NOBODY, body: () => ({ bio: 'x' }) },
  'GET /api/messages': { allow: MEMBERS, query: ({ conversationId }) => `conversation_id=${conversationId}` },
  'POST /api/messages': {
    allow: POSTERS,
    body: ({ conversationId }) => ({ conversation_id: conversationId, content: 'x' }),
  },
  'POST /api/groups': { ...ownAffair, body: () => ({ name: 'Another' }) },
  'POST /api/webhooks': {
    ...ownAffair,
    body: () => ({ url: 'https://hooks.example/here', events: ['message.created'] }),
  },
};

/** Every frame, and who may. */
export const FRAMES: Record<string, Expectation> = {
  ping: ownAffair,
  'admin.watch': { allow: ['admin'], sees: NOBODY },
  'admin.unwatch': ownAffair,
  'auth.refresh': { allow: NOBODY, body: ({ victimToken }) => ({ token: victimToken }) },
  'presence.set': ownAffair,
  'typing.start': { allow: POSTERS },
  'typing.stop': { allow: POSTERS },
  subscribe: { allow: MEMBERS },
  // It says only what one does not want to hear, so nobody is asked.
  unsubscribe: ownAffair,
  'message.send': { allow: POSTERS },
  'message.edit': { allow: NOBODY },
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

/** Every frame of the dialects, by `<dialect> <type>`, and who may; whoever may not even connect is refused, too. */
export const DIALECT_FRAMES: Record<string, Expectation> = {
  'messaging message': { allow: POSTERS },
  'messaging typing': { allow: POSTERS },
  'rooms text_message': {
    allow: POSTERS,
    body: ({ conversationId }) => ({ content: 'x', room_id: conversationId }),
  },
  // Guests have hearts, too.
  'rooms heartbeat': { allow: [...EVERYBODY, 'anonymous'] },
  'chat message': { allow: POSTERS },
  'classroom join_conversation': { allow: MEMBERS, body: inConversation },
  // It says only what one does not want to hear, so nobody is asked.
  'classroom leave_conversation': { ...ownAffair, body: inConversation },
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
  'direct ping': ownAffair,
};
