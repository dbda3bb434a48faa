import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { FileStorage, imageKey, thumbnailKey } from '../../src/modules/files/storage/file-storage.js';
import { TempUploads } from '../../src/modules/files/storage/temp-uploads.js';
import type { ServerKeyWithSecretDto } from '../../src/modules/auth/server-keys.dto.js';
import { ServerKeysService } from '../../src/modules/auth/server-keys.service.js';
import { UserAdministration } from '../../src/modules/users/user-administration.service.js';
import type { Environment } from '../../src/platform/config/config.js';
import { newId } from '../../src/platform/database/ids.js';
import type { Scope } from '../../src/platform/identity/server-key.js';
import { type ExactRequest, type ExactResponse, exchange } from '../support/client/raw.js';
import type { UserFacts } from '../support/send-path.js';
import { startTestApp } from '../support/test-app.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

/** A poll as the send path stores it. */
const POLL = JSON.stringify({
  question: 'When?',
  options: [
    { id: '1', text: 'now' },
    { id: '2', text: 'later' },
  ],
  multiple: false,
  anonymous: false,
  closes_at: null,
  closed_at: null,
});

/** The membership of a user in the conversation of a world. */
export interface Membership {
  readonly role: 'owner' | 'admin' | 'moderator' | 'participant';
  readonly isMuted?: boolean;
  /** Was a participant in the past. */
  readonly isGone?: boolean;
}

export interface ExactCall extends ExactRequest {
  readonly token?: string;
}

export interface CodedResponse extends ExactResponse {
  /** The code of an error. */
  readonly code: string | undefined;
}

/** Users, conversations and their contents created in SQL, and requests that are sent exactly as given. */
export class ContractWorld extends World {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 24 });
  /** The admin who takes the role of others away. */
  private remainingAdmin?: Promise<User>;
  private typeCount = 0;

  static override async start(overrides: Environment = {}): Promise<ContractWorld> {
    return new ContractWorld(await startTestApp(overrides));
  }

  /** A user with an email address and a profile. */
  override user({ marker = '', secret = '', ...facts }: UserFacts = {}): Promise<User> {
    return super.user({ marker, secret, ...facts });
  }

  /** A former admin who has just acted as one in this process. */
  async demotedAdmin({ isBanned }: { isBanned: boolean }): Promise<User> {
    const demoted = await this.user({ role: 'admin' });
    const remaining = await (this.remainingAdmin ??= this.user({ role: 'admin' }));
    const { status } = await demoted.call('GET', '/admin/users?limit=1');
    if (status !== 200) throw new Error(`an admin was answered ${status}`);
    const administration = this.get(UserAdministration);
    await administration.update(remaining, demoted.userId, { role: 'user' }, 'a test');
    if (isBanned) await administration.ban(remaining, demoted.userId, { reason: 'a test', until: null });
    return demoted;
  }

  /** A group with these participants; one who is gone left at position 1. */
  async conversation(members: [User, Membership][], marker = '', type: 'group' | 'room' = 'group'): Promise<string> {
    const id = newId();
    const rows = members.map(([{ userId }, { role, isMuted = false, isGone = false }]) => ({
      user_id: userId,
      role,
      is_muted: isMuted,
      left_seq: isGone ? 1 : null,
    }));
    await this.database.query(
      `with c as (
         insert into conversations (id, type, title, description, created_by, settings)
         values ($1, $2, $3, $3, $4, '{"is_private": true}')
       ), h as (insert into stream_heads (stream_id, last_seq) values ($1, 1)),
       e as (
         insert into events (stream_id, seq, type, subject_id, at) values ($1, 1, 'conversation.updated', $1, now())
       )
       insert into participants (conversation_id, user_id, role, is_muted, joined_seq, left_seq, left_at)
       select $1, m.user_id, m.role, m.is_muted, 0, m.left_seq, case when m.left_seq is not null then now() end
         from json_to_recordset($5) as m (user_id uuid, role text, is_muted boolean, left_seq bigint)`,
      [id, type, `A conversation ${marker}`, members[0]![0].userId, JSON.stringify(rows)],
    );
    return id;
  }

  /** A server key with these scopes. */
  serverKey(...scopes: Scope[]): Promise<ServerKeyWithSecretDto> {
    return this.get(ServerKeysService).create(null, { name: 'shop', scopes });
  }

  /** A message with a poll as the send path stores it. */
  async message(conversationId: string, sender: User, content: string): Promise<string> {
    const id = newId();
    await this.database.query(
      `with h as (
         update stream_heads set last_seq = last_seq + 1, last_number = last_number + 1
          where stream_id = $2 returning last_seq, last_number
       ), e as (
         insert into events (stream_id, seq, type, actor_id, subject_id, at)
         select $2, last_seq, 'message.created', $3, $1, date_trunc('milliseconds', now()) from h
       )
       insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at, poll)
       select $1, $2, last_number, last_seq, $3, 'text', $4, date_trunc('milliseconds', now()), $5 from h`,
      [id, conversationId, sender.userId, content, POLL],
    );
    return id;
  }

  /** An image in a message, checked and ready, as the scan stores it. */
  async file(messageId: string, uploader: User, description: string): Promise<string> {
    const id = newId();
    const storage = this.get(FileStorage);
    for (const key of [imageKey(id), thumbnailKey(id, 'small')]) {
      const path = this.get(TempUploads).createPath();
      writeFileSync(path, description);
      await storage.put(key, path, 'image/png');
    }
    await this.database.query(
      `with f as (
         insert into files (id, uploader_id, name, type, category, size, content_hash, description, status, has_thumbnail)
         values ($1, $2, 'a.png', 'image/png', 'image', $4, repeat('0', 64), $3, 'ready', true)
       )
       insert into message_attachments (file_id, message_id, position) values ($1, $5, 1)`,
      [id, uploader.userId, description, Buffer.byteLength(description), messageId],
    );
    return id;
  }

  /** A webhook with a failed delivery and the response of its receiver. */
  async webhook(owner: User, text: string): Promise<{ webhookId: string; deliveryId: string }> {
    const [webhookId, eventId, deliveryId] = [newId(), newId(), newId()];
    await this.database.query(
      `with w as (
         insert into webhooks (id, user_id, scope, url, host, events, description, secret_box)
         values ($1, $2, 'own', 'https://hooks.example/' || $5, 'hooks.example', '{message.deleted}', $5, '')
       ), e as (
         insert into webhook_events (id, type, stream_id, at, data)
         values ($3, 'message.created', $2, now(), json_build_object('content', $5::text))
       ), d as (
         insert into webhook_deliveries (id, webhook_id, event_id, status, attempts, settled_at)
         values ($4, $1, $3, 'failed', 1, now())
       )
       insert into webhook_attempts (delivery_id, number, at, duration_ms, status_code, answer)
       values ($4, 1, now(), 5, 500, $5)`,
      [webhookId, owner.userId, eventId, deliveryId, text],
    );
    return { webhookId, deliveryId };
  }

  /** Two content rules that match nothing, two held messages, a report of the message, and a hold of nothing else. */
  async moderation(
    messageId: string,
    { author, reporter }: { author: User; reporter: User },
    { content, title }: { content: string; title: string },
  ): Promise<
    Record<
      | 'ruleId'
      | 'conversationRuleId'
      | 'heldId'
      | 'conversationHeldId'
      | 'reportId'
      | 'holdId'
      | 'conversationTypeName',
      string
    >
  > {
    const [ruleId, conversationRuleId, heldId, conversationHeldId, reportId] = [
      newId(),
      newId(),
      newId(),
      newId(),
      newId(),
    ];
    await this.database.query(
      `with m as (select conversation_id as place from messages where id = $1),
       rules as (
         insert into content_rules (id, conversation_id, kind, pattern, pattern_key, action, reason, created_by)
         select r.id, case when r.is_own then m.place end, 'word', $8, r.id, 'mask', $8, $3
           from m, (values ($4::uuid, false), ($5::uuid, true)) r (id, is_own)
       ), held as (
         insert into held_messages (id, conversation_id, sender_id, send, queue, rule_id)
         select h.id, m.place, $2, json_build_object(
                  'conversation_id', m.place, 'sender_id', $2::uuid, 'client_message_id', null, 'body_hash', null,
                  'message_type', 'text', 'content', $9::text, 'reply_to_id', null, 'mentions', null, 'metadata', null),
                h.queue, $4
           from m, (values ($6::uuid, 'installation'), ($7::uuid, 'conversation')) h (id, queue)
       )
       insert into reports (id, reporter_id, target_type, target_id, conversation_id, subject_id, category, comment)
       select $10, $3, 'message', $1, m.place, $2, 'spam', $9 from m`,
      [
        messageId,
        author.userId,
        reporter.userId,
        ruleId,
        conversationRuleId,
        heldId,
        conversationHeldId,
        title,
        content,
        reportId,
      ],
    );
    const holdId = newId();
    await this.database.query(
      `insert into legal_holds (id, target_type, target_id, reason, created_by) values ($1, 'user', $2, 'a case', $3)`,
      [holdId, newId(), reporter.userId],
    );
    // Few names: there can be at most 100 types.
    const conversationTypeName = `cell-${this.typeCount++ % 40}`;
    await this.database.query(
      `insert into conversation_types (name, type) values ($1, 'group') on conflict do nothing`,
      [conversationTypeName],
    );
    return { ruleId, conversationRuleId, heldId, conversationHeldId, reportId, holdId, conversationTypeName };
  }

  /** A message that its author has scheduled. */
  async scheduled(conversationId: string, author: User, content: string): Promise<string> {
    const id = newId();
    await this.database.query(
      `insert into scheduled_messages (id, conversation_id, sender_id, client_message_id, send, send_at, due_at)
       select $1::uuid, $2, $3, $1::text, json_build_object('content', $4::text), t.at, t.at
         from (select now() + interval '1 day' as at) t`,
      [id, conversationId, author.userId, content],
    );
    return id;
  }

  async send({ token, headers, ...call }: ExactCall): Promise<CodedResponse> {
    const response = await exchange(this.url, {
      ...call,
      agent: this.agent,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
    });
    return { ...response, code: errorCode(response.text) };
  }

  override async stop(): Promise<void> {
    this.agent.destroy();
    await super.stop();
  }
}

function errorCode(text: string): string | undefined {
  try {
    const { code, error_code: errorCode, error } = JSON.parse(text) as Record<string, { code?: string } | string>;
    const codes = [code, errorCode, (error as { code?: string } | undefined)?.code];
    return codes.find((one): one is string => typeof one === 'string');
  } catch {
    return undefined;
  }
}

/** Runs `work` for all items, `width` at a time. */
export async function each<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const lane = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
