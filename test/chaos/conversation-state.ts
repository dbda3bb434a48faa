import type { Frame } from './client-link.js';
import { Refused, type Rest } from './rest.js';

type Fields = Record<string, unknown>;

/** The key of what a state remembers besides what is compared. */
const HIDDEN = Symbol('hidden messages');

/** A client's state of one conversation, as far as durable events change it. */
export interface ConversationState {
  summary: Fields;
  flags: Fields;
  participants: Record<string, Fields>;
  messages: Record<string, Fields>;
  /** Messages that the user has deleted for themselves: events of them may still arrive. */
  readonly [HIDDEN]: Set<string>;
}

export interface ClientState {
  me: Fields;
  conversations: Record<string, ConversationState>;
}

/** A state with its position in the log. */
export interface Snapshot {
  readonly state: ClientState;
  readonly atSeq: Map<string, number>;
  /** A resume from here misses nothing that the state does not contain. */
  readonly cursor: string;
}

interface Page {
  readonly data: Fields[];
  readonly next_cursor: string | null;
  readonly at_seq: number;
  readonly cursor: string;
}

const SUMMARY = [
  'id',
  'type',
  'slug',
  'category',
  'title',
  'description',
  'created_by',
  'created_at',
  'updated_at',
  'settings',
  'external_id',
  'picture',
  'metadata',
];
const FLAGS = ['is_archived', 'is_muted', 'muted_until', 'is_pinned', 'hidden_at_number', 'metadata'];
const PARTICIPANT = [
  'user_id',
  'username',
  'display_name',
  'avatar_url',
  'role',
  'is_muted',
  'muted_until',
  'joined_at',
];
const ME = ['id', 'username', 'display_name', 'email', 'profile', 'role', 'created_at'];

function only(names: readonly string[], from: Fields): Fields {
  return Object.fromEntries(names.map((name) => [name, from[name]]));
}

/**
 * `status` follows the receipts, which are state and not in the log. Of a poll, `own` is left out: an event has it for
 * the voter only.
 */
function messageOf({ status: _status, poll, ...message }: Fields): Fields {
  return poll ? { ...message, poll: pollOf(poll as Fields) } : message;
}

function pollOf(poll: Fields): Fields {
  const options = (poll.options as Fields[]).map(({ own: _own, ...option }) => option);
  return { ...poll, options };
}

async function* pages(rest: Rest, path: string, query: string): AsyncGenerator<Page> {
  for (let more = query; ;) {
    const page = await rest.get<Page>(`${path}?limit=100&${more}`);
    yield page;
    if (!page.next_cursor) return;
    more = `${query}&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
}

/** Everything, fetched again; groups only. */
export async function fetchState(rest: Rest): Promise<Snapshot> {
  const state: ClientState = { me: {}, conversations: {} };
  const atSeq = new Map<string, number>();
  let cursor: string | undefined;
  for (const isHidden of [true, false]) {
    for await (const page of pages(rest, '/conversations', `type=group&is_hidden=${isHidden}`)) {
      cursor ??= page.cursor;
      for (const { id } of page.data) {
        const fetched = await fetchConversation(rest, id as string);
        if (!fetched) continue;
        state.conversations[id as string] = fetched.state;
        atSeq.set(id as string, fetched.atSeq);
      }
    }
  }
  state.me = only(ME, await rest.get<Fields>('/users/me'));
  return { state, atSeq, cursor: cursor! };
}

/**
 * Undefined if the caller is not a participant (any more). The position is that of the first response: nothing before
 * it is missing.
 */
export async function fetchConversation(
  rest: Rest,
  id: string,
): Promise<{ state: ConversationState; atSeq: number } | undefined> {
  try {
    const shown = await rest.get<Fields>(`/conversations/${id}`);
    const state: ConversationState = {
      summary: only(SUMMARY, shown),
      flags: only(FLAGS, { ...shown, metadata: shown.membership_metadata }),
      participants: {},
      messages: {},
      [HIDDEN]: new Set(),
    };
    for await (const page of pages(rest, `/conversations/${id}/participants`, '')) {
      for (const one of page.data) state.participants[one.user_id as string] = only(PARTICIPANT, one);
    }
    for await (const page of pages(rest, `/conversations/${id}/messages`, '')) {
      for (const message of page.data) state.messages[message.id as string] = messageOf(message);
    }
    return { state, atSeq: shown.at_seq as number };
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/** Applies one event of a conversation, as a client does that has only its state and the event. */
export function applyToConversation(state: ConversationState, { type, data }: Frame): void {
  const message = data.message as Fields | undefined;
  if (message) {
    const isNew = type === 'message.created';
    // A reply that is only in a thread is not listed in the conversation. A message that the user has deleted for
    // themselves is not known any more.
    const isListed = isNew
      ? message.show_in_conversation !== false && !state[HIDDEN].has(message.id as string)
      : (message.id as string) in state.messages;
    if (isListed) state.messages[message.id as string] = messageOf(message);
    for (const reply of Object.values(state.messages)) {
      if (reply.reply_to_id !== message.id || !reply.reply_to) continue;
      reply.reply_to_content = message.is_deleted ? null : message.content;
      Object.assign(reply.reply_to as Fields, { content: reply.reply_to_content });
    }
  } else if (type === 'reaction.added' || type === 'reaction.removed') {
    const target = state.messages[data.message_id as string];
    if (target) target.reactions = data.reactions;
  } else if (type === 'thread.updated') {
    const root = state.messages[data.message_id as string];
    if (root) applyThread(root, data);
  } else if (type === 'poll.updated') {
    const target = state.messages[data.message_id as string];
    if (target && data.poll) target.poll = pollOf(data.poll as Fields);
  } else if (type === 'participant.joined' || type === 'participant.updated') {
    state.participants[data.user_id as string] = only(PARTICIPANT, data.participant as Fields);
  } else if (type === 'participant.left') {
    delete state.participants[data.user_id as string];
  } else if (type === 'conversation.truncated') clear(state, data.up_to_number as number);
  else if (type === 'conversation.updated') {
    state.summary = only(SUMMARY, data.conversation as Fields);
  }
}

/** The root of a thread shows its replies as long as there are any. */
function applyThread(root: Fields, { reply_count, last_reply_at, reply_user_ids }: Fields): void {
  if (reply_count) Object.assign(root, { reply_count, last_reply_at, reply_user_ids });
  else for (const name of ['reply_count', 'last_reply_at', 'reply_user_ids']) delete root[name];
}

/** Applies an event of the user's own stream, except `conversation.added`, which has to be fetched. */
export function applyToUser(state: ClientState, { type, data }: Frame): void {
  const conversation = state.conversations[data.conversation_id as string];
  if (type === 'conversation.removed') delete state.conversations[data.conversation_id as string];
  else if (type === 'message.hidden' && conversation) {
    conversation[HIDDEN].add(data.message_id as string);
    delete conversation.messages[data.message_id as string];
  } else if (type === 'conversation.cleared' && conversation) clear(conversation, data.up_to_number as number);
  else if (type === 'conversation.updated' && conversation) conversation.flags = only(FLAGS, data.me as Fields);
  else if (type === 'user.updated') {
    state.me = only(ME, data.user as Fields);
    rename(state, data.user as Fields);
  }
}

/** Messages up to the number are gone, and so is what later ones quote of them. */
function clear({ messages }: ConversationState, upToNumber: number): void {
  const gone = Object.values(messages).filter((message) => (message.sequence_number as number) <= upToNumber);
  for (const { id } of gone) delete messages[id as string];
  for (const reply of Object.values(messages)) {
    const quote = reply.reply_to as Fields | null;
    if (quote && (quote.sequence_number as number) <= upToNumber)
      Object.assign(reply, { reply_to: null, reply_to_content: null });
  }
}

/** The own name is in the own messages and among the participants, too. */
function rename(state: ClientState, user: Fields): void {
  const { id, username, display_name: name } = user;
  for (const { messages, participants } of Object.values(state.conversations)) {
    for (const message of Object.values(messages)) {
      const quote = message.reply_to as Fields | null;
      if (message.sender_id === id) message.sender_name = name;
      if (quote && quote.sender_id === id) quote.sender_name = name;
    }
    const own = participants[id as string];
    if (own) Object.assign(own, { username, display_name: name, avatar_url: (user.profile as Fields).avatar_url });
  }
}

/** The first difference of two states; undefined if there is none. */
export function findDifference(a: unknown, b: unknown, path = ''): string | undefined {
  if (Object.is(a, b)) return undefined;
  const areObjects = typeof a === 'object' && typeof b === 'object' && a !== null && b !== null;
  if (!areObjects) return `${path}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const difference = findDifference((a as Fields)[key], (b as Fields)[key], `${path}/${key}`);
    if (difference) return difference;
  }
  return undefined;
}
