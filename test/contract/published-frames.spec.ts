import { SESSION_REVOKED } from '../../src/modules/auth/auth.events.js';
import { EventCatalogue } from '../../src/platform/event-log/event-catalogue.js';
import { WEBHOOK_DISABLED } from '../../src/modules/webhooks/webhooks.events.js';
import { EventLog } from '../../src/platform/event-log/event-log.js';
import { newId } from '../../src/platform/database/ids.js';
import type { Frame } from '../support/client/inbox.js';
import type { RealtimeClient } from '../support/client/realtime-client.js';
import { differencesFromPublished, PUBLISHED_MESSAGES } from '../support/published-frames.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

let world: World;
let owner: User;
let participant: User;
let admin: User;

beforeAll(async () => {
  world = await World.start();
  [owner, participant] = await world.users(2);
  admin = await world.user({ role: 'admin' });
});
afterAll(() => world.stop());

/** The differences of all frames received so far, and of each reply from the schema of its request. */
const differences: string[] = [];
const seen = new Set<string>();

function compare(frame: Frame, request?: string): void {
  seen.add(frame.type === 'reply' ? `${request}.reply` : frame.type);
  differences.push(...differencesFromPublished(frame, request));
}

async function request(client: RealtimeClient, type: string, data: object = {}): Promise<Frame> {
  const reply = await client.request(type, data);
  compare(reply, type);
  return reply;
}

async function call(actor: User, method: string, path: string, body?: object): Promise<Record<string, string>> {
  const answer = await actor.call(method, path, body);
  expect([method, path, answer.status < 300, answer.body]).toEqual([method, path, true, answer.body]);
  return answer.body as Record<string, string>;
}

/** Sends every request of a participant, and awaits the events and signals of them. */
async function talk(own: RealtimeClient, other: RealtimeClient, conversation_id: string): Promise<string> {
  await request(own, 'ping');
  await request(own, 'auth.refresh', { token: owner.token });
  const sent = await request(own, 'message.send', { conversation_id, content: 'Hello', metadata: { any: ['thing'] } });
  const { id: message_id } = (sent.data as { message: { id: string } }).message;
  await request(own, 'message.edit', { message_id, content: 'Hello, all' });
  await request(other, 'message.read', { conversation_id, message_id });
  await request(other, 'message.delivered', { conversation_id, message_id });
  await request(other, 'reaction.add', { message_id, emoji: '👍' });
  await request(other, 'reaction.remove', { message_id, emoji: '👍' });
  await request(other, 'typing.start', { conversation_id });
  await request(other, 'typing.stop', { conversation_id });
  await request(other, 'message.send_ephemeral', { conversation_id, content: 'On my way', visible_to: [owner.userId] });
  await request(own, 'presence.set', { status: 'busy', custom: 'Back at two' });
  await request(own, 'history', { conversation_id });
  await request(own, 'subscribe', { conversation_id, from_seq: 0 });
  await call(owner, 'PUT', `/messages/${message_id}/pin`);
  await call(owner, 'DELETE', `/messages/${message_id}/pin`);
  await request(other, 'message.send', { conversation_id, content: 'Hello, Ana', reply_to_id: message_id });
  const poll = { question: 'When do we meet?', options: ['Monday', 'Tuesday'] };
  const asked = await request(own, 'message.send', { conversation_id, content: 'A question', poll });
  const { message } = asked.data as { message: { id: string; poll: { options: { id: string }[] } } };
  await call(participant, 'PUT', `/messages/${message.id}/poll/votes`, { option_ids: [message.poll.options[0]!.id] });
  const opened = await request(own, 'message.send', { conversation_id, is_streaming: true });
  const streaming = { message_id: (opened.data as { message: { id: string } }).message.id };
  await request(own, 'message.append', { ...streaming, offset: 0, text: 'Hel' });
  await request(own, 'message.finish', { ...streaming, content: 'Hello' });
  const given = await request(own, 'message.send', { conversation_id, is_streaming: true });
  await request(own, 'message.cancel', { message_id: (given.data as { message: { id: string } }).message.id });
  return message_id;
}

describe('what a client receives over a socket', () => {
  it('has exactly the fields that the AsyncAPI document describes', async () => {
    const own = await owner.webSocket();
    const other = await participant.webSocket();
    const watching = await admin.webSocket();
    const cursor = other.frames.find(({ type }) => type === 'ready')!.data!.cursor as string;

    const id = await world.group(owner, [participant]);
    const message_id = await talk(own, other, id);
    await call(owner, 'PATCH', `/conversations/${id}`, {
      title: 'Plans',
      settings: { history_visibility: 'since_join' },
    });
    await call(owner, 'PATCH', `/conversations/${id}/me`, { is_pinned: true });
    await call(owner, 'PATCH', `/conversations/${id}/participants/${participant.userId}`, { role: 'moderator' });
    await call(owner, 'POST', `/conversations/${id}/participants`, { user_ids: [admin.userId] });
    await call(owner, 'PATCH', `/messages/${message_id}`, { content: 'Hello again' });
    await watching.first('event.hidden');
    await call(owner, 'DELETE', `/conversations/${id}/participants/${admin.userId}`);
    const { userId: bannedId } = await world.user();
    await call(owner, 'POST', `/conversations/${id}/bans`, { user_id: bannedId });
    await call(owner, 'DELETE', `/conversations/${id}/bans/${bannedId}`);
    const otherId = await world.group(participant);
    await call(participant, 'POST', `/conversations/${otherId}/invitations`, { user_ids: [owner.userId] });
    await own.first('invitation.created');
    await call(participant, 'DELETE', `/conversations/${otherId}/invitations/${owner.userId}`);
    await own.first('invitation.ended');
    await call(participant, 'PATCH', `/conversations/${otherId}`, { settings: { join_requests: true } });
    const asked = await call(owner, 'POST', `/conversations/${otherId}/join-requests`, { message: 'May I?' });
    await own.first('join_request.created');
    await other.first('join_request.received');
    await call(participant, 'POST', `/join-requests/${asked.id}/decline`);
    await own.first('join_request.ended');
    await other.first('join_request.closed');
    await call(owner, 'PATCH', '/users/me', { display_name: 'Ana' });
    const later = { content: 'Good morning!', send_at: new Date(Date.now() + 3_600_000).toISOString() };
    const scheduled = await call(owner, 'POST', `/conversations/${id}/scheduled-messages`, later);
    await own.first('scheduled_message.updated');
    await call(owner, 'DELETE', `/scheduled-messages/${scheduled.id}`);
    await call(owner, 'PUT', `/messages/${message_id}/saved`, { remind_at: later.send_at });
    await own.first('saved_message.updated');
    await world.database.query(`update saved_messages set remind_at = now()`);
    await own.first('saved_message.due');
    await call(owner, 'DELETE', `/messages/${message_id}/saved`);
    await call(owner, 'PUT', `/conversations/${id}/draft`, { content: 'Good' });
    await own.first('draft.updated');
    await call(owner, 'DELETE', `/conversations/${id}/draft`);
    await request(watching, 'admin.watch');
    await request(watching, 'admin.unwatch');

    const report = await call(participant, 'POST', '/reports', {
      target_type: 'message',
      target_id: message_id,
      category: 'spam',
    });
    await call(admin, 'POST', `/admin/reports/${report.id}/claim`);
    await call(admin, 'POST', `/admin/reports/${report.id}/resolve`, {
      outcome: 'warned',
      user_message: 'Please stop.',
    });
    await request(other, 'message.delete', { message_id, for: 'me' });
    await other.first('message.hidden');
    await call(participant, 'POST', `/conversations/${id}/clear`);
    await other.first('conversation.cleared');
    await request(own, 'message.delete', { message_id });
    await call(owner, 'POST', `/conversations/${id}/truncate`, { up_to_number: 1 });
    await own.first('conversation.truncated');
    await request(own, 'unsubscribe', { conversation_id: id });
    await world.get(EventLog).write(owner.userId, (tx) => {
      tx.append({ type: WEBHOOK_DISABLED, actorId: null, subjectId: newId(), payload: { reason: 'gone' } });
      tx.append({ type: SESSION_REVOKED, actorId: null, subjectId: newId(), payload: { reason: 'logout' } });
      return Promise.resolve(true);
    });
    await own.first('message.deleted');
    await own.first('session.revoked');
    const resumed = await participant.webSocket(cursor);
    await call(owner, 'DELETE', `/conversations/${id}`);
    for (const type of ['conversation.deleted', 'conversation.removed']) await other.first(type);

    for (const client of [own, other, watching, resumed]) {
      for (const frame of client.frames) if (frame.type !== 'reply') compare(frame);
      client.close();
    }
    expect(differences).toEqual([]);
    const types = world.get(EventCatalogue).types();
    expect(types.filter((type) => !seen.has(type))).toEqual([]);
    // The reply to `auth` has no data, and a file needs an upload.
    const replies = PUBLISHED_MESSAGES.filter((name) => name.endsWith('.reply'));
    expect(replies.filter((name) => !seen.has(name)).sort()).toEqual(['auth.reply', 'file.get.reply']);
  });

  it('is reported if it has one field more, one less, or another type', async () => {
    const client = await participant.webSocket();
    const pong = await client.request('ping');
    client.close();
    expect(differencesFromPublished(pong, 'ping')).toEqual([]);
    const more = { ...pong, data: { ...pong.data, more: 1 } };
    expect(differencesFromPublished(more, 'ping')).toEqual(['ping.reply.data.more: not described']);
    expect(differencesFromPublished({ ...pong, data: {} }, 'ping')).toEqual(['ping.reply.data.server_time: missing']);
    expect(differencesFromPublished({ ...pong, data: { server_time: 1 } }, 'ping')).toHaveLength(1);
  });
});
