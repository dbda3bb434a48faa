import fc from 'fast-check';
import type { Client } from './client.js';
import { logIn } from './people.js';
import { sessionOf } from './direct-append.js';
import type { Cluster } from './cluster.js';
import { Refused } from './rest.js';

/** The users of a small world: its owner, a participant, the observer, and one who may be added. */
export const ACTORS = 4;
export const OBSERVER = 2;

/** A possible operation. Numbers choose among what exists at that moment. */
export interface Operation {
  readonly kind: Kind;
  readonly who: number;
  readonly which: number;
  readonly text: string;
}

const KINDS = [
  ...['send', 'send', 'send', 'reply', 'edit', 'delete', 'react', 'react', 'unreact', 'pin', 'unpin'],
  ...['ask', 'ask', 'vote', 'vote', 'vote', 'unvote', 'close'],
  ...['hide', 'clear', 'unlist', 'truncate'],
  ...['rename', 'settings', 'add', 'remove', 'leave', 'role', 'flags', 'profile', 'open', 'end', 'logout'],
] as const;
type Kind = (typeof KINDS)[number] | string;

const EMOJI = ['👍', '🎉', 'heart'];
const ROLES = ['admin', 'moderator', 'participant', 'owner'];

export const operations = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    // Mostly the owner: half of the operations of others are refused.
    who: fc.constantFrom(0, 0, 0, 1, 2, 3),
    which: fc.nat({ max: 1000 }),
    text: fc.string({ minLength: 1, maxLength: 12 }),
  }),
  { minLength: 12, maxLength: 40 },
);

/** What the observer does to receive events of their own stream. */
const BY_OBSERVER: ReadonlySet<string> = new Set(['flags', 'profile', 'logout', 'hide', 'clear', 'unlist']);

/** One of each kind of durable event, by any user who may cause it. */
export const ONE_OF_EACH: readonly Operation[] = [
  ...[
    'send',
    'reply',
    'edit',
    'react',
    'unreact',
    'pin',
    'unpin',
    'ask',
    'vote',
    'hide',
    'clear',
    'edit',
    'unlist',
    'send',
    'delete',
    'rename',
    'flags',
    'profile',
    'logout',
  ],
  ...['add', 'role', 'remove', 'truncate', 'open', 'end'],
].map((kind) => ({
  kind,
  who: BY_OBSERVER.has(kind) ? OBSERVER : 0,
  which: kind === 'vote' ? 2 : 3,
  text: `t${kind}`,
}));

/** A few users with their groups, on whom operations are applied. A refused operation has no effect. */
export class World {
  readonly groupIds: string[];
  private readonly messageIds: string[] = [];
  readonly endedSessions: string[] = [];
  done = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly people: readonly Client[],
    groupId: string,
  ) {
    this.groupIds = [groupId];
  }

  async perform(operation: Operation): Promise<void> {
    try {
      await this.attempt(operation);
      this.done++;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }

  private async attempt({ kind, who, which, text }: Operation): Promise<void> {
    const { rest, person } = this.people[who]!;
    const group = `/conversations/${this.groupIds[which % this.groupIds.length]!}`;
    const message = this.messageIds[which % this.messageIds.length];
    const target = this.people[which % ACTORS]!.person.id;
    if (kind === 'send' || kind === 'reply') {
      const body = {
        content: `x${text}`,
        client_message_id: `${kind}${which}${text}${this.done}`,
        ...(kind === 'reply' && { reply_to_id: message, show_in_conversation: which % 3 > 0 }),
      };
      this.messageIds.push((await rest.post<{ id: string }>(`${group}/messages`, body)).id);
    } else if (kind === 'ask') {
      const poll = {
        question: `q${text}`,
        options: ['one', 'two'],
        multiple: which % 2 === 0,
        anonymous: which % 3 === 0,
      };
      this.messageIds.push((await rest.post<{ id: string }>(`${group}/messages`, { poll })).id);
    } else if (kind === 'vote')
      await rest.call('PUT', `/messages/${message}/poll/votes`, { option_ids: [String(1 + (which % 2))] });
    else if (kind === 'unvote') await rest.call('DELETE', `/messages/${message}/poll/votes`);
    else if (kind === 'close') await rest.post(`/messages/${message}/poll/close`);
    else if (kind === 'edit') await rest.call('PATCH', `/messages/${message}`, { content: `y${text}` });
    else if (kind === 'delete') await rest.call('DELETE', `/messages/${message}`);
    else if (kind === 'hide') await rest.call('DELETE', `/messages/${message}?for=me`);
    else if (kind === 'clear') await rest.post(`${group}/clear`, which % 2 ? {} : { up_to_number: 1 });
    else if (kind === 'truncate') await rest.post(`${group}/truncate`, { up_to_number: 1 + (which % 2) });
    else if (kind === 'unlist') await rest.call(which % 3 ? 'POST' : 'DELETE', `${group}/hide`);
    else if (kind === 'react' || kind === 'unreact') {
      const emoji = encodeURIComponent(EMOJI[which % EMOJI.length]!);
      await rest.call(kind === 'react' ? 'PUT' : 'DELETE', `/messages/${message}/reactions/${emoji}`);
    } else if (kind === 'pin' || kind === 'unpin')
      await rest.call(kind === 'pin' ? 'PUT' : 'DELETE', `/messages/${message}/pin`);
    else if (kind === 'rename')
      await rest.call('PATCH', group, { title: `z${text}`, metadata: { [`k${which % 3}`]: which % 2 ? text : null } });
    else if (kind === 'settings') await rest.call('PATCH', group, { settings: { allow_invites: which % 2 === 0 } });
    else if (kind === 'add') await rest.post(`${group}/participants`, { user_ids: [target] });
    else if (kind === 'remove') await rest.call('DELETE', `${group}/participants/${target}`);
    else if (kind === 'leave') await rest.post(`${group}/leave`);
    else if (kind === 'role') {
      const change = { role: ROLES[which % 3]!, is_muted: which % 5 === 0 };
      await rest.call('PATCH', `${group}/participants/${target}`, change);
    } else if (kind === 'flags') {
      const metadata = { [`k${which % 3}`]: which % 2 ? text : null };
      await rest.call('PATCH', `${group}/me`, { is_archived: which % 2 === 0, is_pinned: which % 3 === 0, metadata });
    } else if (kind === 'profile')
      await this.people[OBSERVER]!.rest.call('PATCH', '/users/me', { display_name: `N ${text}a`, bio: text });
    else if (kind === 'open') {
      const body = { type: 'group', title: `g${text}`, participant_ids: this.people.map((client) => client.person.id) };
      this.groupIds.push((await rest.post<{ id: string }>('/conversations', body)).id);
    } else if (kind === 'end') {
      // The first one stays, as later operations need it.
      if (this.groupIds.length > 1) await rest.call('DELETE', `/conversations/${this.groupIds.pop()!}`);
    } else if (kind === 'logout' && person === this.people[OBSERVER]!.person) {
      const other = sessionOf(await logIn(this.cluster, person));
      await rest.call('DELETE', `/auth/sessions/${other}`);
      this.endedSessions.push(other);
    }
  }
}
