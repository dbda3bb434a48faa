import { newId } from '../../src/platform/database/ids.js';
import type { RealtimeClient } from '../support/client/realtime-client.js';
import { SocketIoClient } from '../support/client/socket-io.js';
import { WebSocketClient } from '../support/client/web-socket.js';
import type { User } from '../support/users.js';
import { type CellIds, type Expectation, isBanned, type ActorKind } from './access-expectations.js';
import { type ApiDocument, type ApiOperation, differencesFromDocument, type Frame } from './contract.js';
import { addressOf, sampleObject, headersFor } from './samples.js';
import type { Membership, ContractWorld } from './world.js';

/** A conversation with content, and a user who tries to access it. */
export interface Cell {
  readonly kind: ActorKind;
  readonly token: string | undefined;
  /** Sent with every request, for example `X-Act-As`. */
  readonly headers?: Record<string, string>;
  readonly ids: CellIds;
  /** Unique texts. `content`: of messages; `title`; `profile`; `secret`: email and devices. */
  readonly marks: Record<'content' | 'title' | 'profile' | 'secret', string>;
  readonly actor: User;
  readonly controlUser: User;
  /** The data of other users as the last attempt found it, which left it unchanged. */
  before?: string;
}

const MEMBERSHIPS: Partial<Record<ActorKind, Membership>> = {
  removed: { role: 'participant', isGone: true },
  muted: { role: 'participant', isMuted: true },
  participant: { role: 'participant' },
  moderator: { role: 'moderator' },
  owner: { role: 'owner' },
  banned: { role: 'participant' },
};

/** Whether this kind of user is a participant now, with a valid account. */
export function isParticipant(kind: ActorKind): boolean {
  const membership = MEMBERSHIPS[kind];
  return membership !== undefined && !membership.isGone && kind !== 'banned';
}

let count = 0;

/** A new user of this kind; the conversation gives them their membership. */
function actorOf(world: ContractWorld, kind: ActorKind): Promise<User> {
  return kind === 'demoted admin' || kind === 'banned admin'
    ? world.demotedAdmin({ isBanned: kind === 'banned admin' })
    : world.user({ role: kind === 'admin' ? 'admin' : 'user', isBanned: kind === 'banned' });
}

export async function arrange(world: ContractWorld, kind: ActorKind): Promise<Cell> {
  const number = `${process.pid}x${++count}x`;
  const marks = {
    content: `mcontent${number}`,
    title: `mtitle${number}`,
    profile: `mprofile${number}`,
    secret: `msecret${number}`,
  };
  const [actor, victim, newcomer, controlUser] = await Promise.all([
    actorOf(world, kind),
    world.user({ marker: marks.profile, secret: marks.secret }),
    world.user(),
    world.user(),
  ]);
  const membership = MEMBERSHIPS[kind];
  const members: [User, Membership][] = [
    [controlUser, { role: kind === 'owner' ? 'participant' : 'owner' }],
    [victim, { role: 'participant' }],
    ...(membership ? ([[actor, membership]] as [User, Membership][]) : []),
  ];
  const conversationId = await world.conversation(members, marks.title);
  const messageId = await world.message(conversationId, victim, `something ${marks.content} was said`);
  const fileId = await world.file(messageId, victim, `a picture of ${marks.content}`);
  const { webhookId, deliveryId } = await world.webhook(victim, marks.content);
  const scheduledId = await world.scheduled(conversationId, victim, marks.content);
  const moderation = await world.moderation(messageId, { author: victim, reporter: controlUser }, marks);
  await world.database.query(`insert into presence_settings (user_id, custom) values ($1, $2)`, [
    victim.userId,
    marks.content,
  ]);
  return {
    kind,
    token: kind === 'anonymous' ? undefined : actor.token,
    marks,
    actor,
    controlUser,
    ids: {
      conversationId,
      messageId,
      fileId,
      webhookId,
      deliveryId,
      ...moderation,
      scheduledId,
      // Each installation has only so many keys, and only admins get as far as the look-up.
      keyId: kind === 'admin' ? (await world.serverKey('users:read')).id : newId(),
      userId: victim.userId,
      sessionId: victim.sessionId,
      newcomerId: newcomer.userId,
      victimName: victim.username,
      victimToken: victim.token,
      content: marks.content,
    },
  };
}

/** What these actors did before they lost their role counts only for their next request. */
const OF_ONE_REQUEST: readonly ActorKind[] = ['demoted admin', 'banned admin'];

/** Cells that can be used again, because nothing in them has changed. */
export class Cells {
  private readonly unchanged = new Map<ActorKind, Cell[]>();

  constructor(private readonly world: ContractWorld) {}

  /**
   * Runs `attempt` in a cell that no other attempt uses at the same time. `attempt` returns whether it left the cell as
   * it found it.
   */
  async use(kind: ActorKind, attempt: (cell: Cell) => Promise<boolean>): Promise<void> {
    const unchanged = this.unchanged.get(kind)?.pop();
    const cell = unchanged ? await this.renewed(unchanged) : await arrange(this.world, kind);
    if (await attempt(cell)) this.unchanged.set(kind, [...(this.unchanged.get(kind) ?? []), cell]);
  }

  /** The same cell, with another actor where an actor is good for one request only; none of them is a participant. */
  private async renewed(cell: Cell): Promise<Cell> {
    if (!OF_ONE_REQUEST.includes(cell.kind)) return cell;
    const actor = await actorOf(this.world, cell.kind);
    return { ...cell, actor, token: actor.token };
  }
}

/** All data of other users in a cell, as the database stores it. */
export async function snapshot(world: ContractWorld, { ids }: Cell): Promise<string> {
  const rows = await world.database.query(
    `select (select to_jsonb(c) from conversations c where c.id = $1) as conversation,
            (select last_seq from stream_heads where stream_id = $1) as head,
            (select jsonb_agg(to_jsonb(p) order by p.user_id) from participants p where p.conversation_id = $1) as people,
            (select jsonb_agg(to_jsonb(m) order by m.id) from messages m where m.conversation_id = $1) as messages,
            (select jsonb_agg(to_jsonb(f)) from files f where f.uploader_id = $3) as files,
            (select jsonb_agg(to_jsonb(w)) from webhooks w where w.user_id = $3) as webhooks,
            (select jsonb_agg(to_jsonb(d)) from webhook_deliveries d join webhooks w on w.id = d.webhook_id
              where w.user_id = $3) as deliveries,
            (select jsonb_agg(to_jsonb(r) order by r.id) from content_rules r
              where r.conversation_id = $1 or r.id = $4) as rules,
            (select jsonb_agg(to_jsonb(h) order by h.id) from held_messages h where h.conversation_id = $1) as held,
            (select jsonb_agg(to_jsonb(r) order by r.id) from reports r where r.conversation_id = $1) as reports,
            (select count(*) from reactions r where r.message_id = $2) as reactions,
            (select jsonb_agg(to_jsonb(s)) from scheduled_messages s where s.sender_id = $3) as scheduled,
            (select to_jsonb(u) from users u where u.id = $3) as victim,
            (select jsonb_agg(to_jsonb(s) - 'last_used_at') from sessions s where s.user_id = $3) as sessions,
            (select count(*) from user_blocks b where b.blocked_id = $3 or b.blocker_id = $3) as blocks`,
    [ids.conversationId, ids.messageId, ids.userId, ids.ruleId],
  );
  return JSON.stringify(rows);
}

/** Whether the data of other users in this cell is not what it was before. */
async function isChanged(world: ContractWorld, cell: Cell, before: string | undefined): Promise<boolean> {
  cell.before = await snapshot(world, cell);
  return cell.before !== before;
}

/** Describes how the treatment of this user by the route differs from the expectation; empty if it does not. */
export async function tryRoute(
  world: ContractWorld,
  {
    document,
    operation,
    expectation,
    cell,
  }: { document: ApiDocument; operation: ApiOperation; expectation: Expectation; cell: Cell },
): Promise<string[]> {
  const { ids, token, kind, headers } = cell;
  const isAllowed = expectation.allow.includes(kind);
  const before = isAllowed ? undefined : (cell.before ?? (await snapshot(world, cell)));
  // A permitted read may mark messages as delivered.
  if (isAllowed) cell.before = undefined;
  const query = expectation.query?.(ids);
  const json = operation.body && (expectation.body?.(ids) ?? sampleObject(operation.body, ids));
  const body = expectation.raw?.(ids) ?? (json && { type: 'application/json', text: JSON.stringify(json) });
  const { status, text } = await world.send({
    method: operation.method,
    path: addressOf(operation.path, ids) + (query ? `?${query}` : ''),
    token,
    headers: { ...headersFor(operation), ...headers, ...(body && { 'content-type': body.type }) },
    body: body?.text,
  });
  const expected = isAllowed ? '2xx' : String(refusalFor(kind, operation.isPublic, expectation));
  const isAsExpected = isAllowed ? status >= 200 && status < 300 : String(status) === expected;
  const shown = leaks(text, cell, expectation);
  const hasChanged = !isAllowed && (await isChanged(world, cell, before));
  return [
    ...(isAsExpected ? [] : [`${status} instead of ${expected}: ${text.slice(0, 160)}`]),
    ...differencesFromDocument(document, operation, { status, text }),
    ...shown.map((mark) => `returns the ${mark} of another user`),
    ...(hasChanged ? ['changes something'] : []),
  ];
}

function refusalFor(kind: ActorKind, isPublic: boolean, { refusal = 403, isAddress = false }: Expectation): number {
  if (isAddress && (kind === 'anonymous' || isBanned(kind))) return 401;
  if (isPublic) return refusal;
  if (kind === 'anonymous') return 401;
  return isBanned(kind) ? 403 : refusal;
}

/** The marks of other users that the text contains but this user must not receive. */
export function leaks(text: string, { marks, kind }: Cell, { allow, sees = allow }: Expectation): string[] {
  const isAllowed = allow.includes(kind);
  const isShown = isAllowed && sees.includes(kind);
  const mayShow = {
    content: isShown,
    title: isShown || (isAllowed && kind === 'admin'),
    profile: isAllowed && kind !== 'anonymous',
    secret: isAllowed && kind === 'admin',
  };
  return (['content', 'title', 'profile', 'secret'] as const).filter(
    (mark) => !mayShow[mark] && text.includes(marks[mark]),
  );
}

export const CONNECT: Record<string, (port: number, token?: string) => RealtimeClient> = {
  'plain WebSocket': (port, token) => new WebSocketClient(port, token && `?token=${token}`),
  'Socket.IO': (port, token) => new SocketIoClient(port, token ? { token } : {}),
};

/** The same for a frame. Afterwards another participant sends a message, which only a participant may receive. */
export async function tryFrame(
  world: ContractWorld,
  { frame, expectation, cell, transport }: { frame: Frame; expectation: Expectation; cell: Cell; transport: string },
): Promise<string[]> {
  const { ids, token, kind, controlUser } = cell;
  const client = CONNECT[transport]!(world.port, token);
  const isConnected = await Promise.race([
    client.first(token ? 'live' : 'hello').then(() => true),
    client.refused.then(() => false),
  ]);
  if (!isConnected) return isBanned(kind) ? [] : ['was refused'];
  if (isBanned(kind)) return ['was accepted'];
  const isAllowed = expectation.allow.includes(kind);
  const before = isAllowed ? undefined : await snapshot(world, cell);
  const data = expectation.body?.(ids) ?? sampleObject(frame.data, ids);
  const reply = await client.request(frame.type, data);
  const refusal = expectation.refusal === 404 ? 'FILE_NOT_FOUND' : 'PERMISSION_DENIED';
  const expectedCode = kind === 'anonymous' ? 'AUTHENTICATION_REQUIRED' : refusal;
  const isAsExpected = reply.ok === isAllowed && (isAllowed || reply.error?.code === expectedCode);
  const hasChanged = !isAllowed && (await snapshot(world, cell)) !== before;
  await world.send({
    method: 'POST',
    path: `/api/v1/conversations/${ids.conversationId}/messages`,
    token: controlUser.token,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ content: `later ${cell.marks.content}` }),
  });
  await client.request('ping');
  client.close();
  // A participant receives every event of the conversation, also when this one request is refused.
  const expected: Expectation = isParticipant(kind) ? { allow: [kind] } : { allow: isAllowed ? [kind] : [], sees: [] };
  const shown = leaks(JSON.stringify(client.frames), cell, expected);
  return [
    ...(isAsExpected
      ? []
      : [`${JSON.stringify(reply).slice(0, 160)} instead of ${isAllowed ? 'a reply' : expectedCode}`]),
    ...shown.map((mark) => `returns the ${mark} of another user`),
    ...(hasChanged ? ['changes something'] : []),
  ];
}
