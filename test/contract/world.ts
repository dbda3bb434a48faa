import { writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { AccessTokens } from '../../src/modules/auth/access-tokens.js';
import { imageKey, thumbnailKey } from '../../src/modules/files/storage/file-keys.js';
import { FileStorage } from '../../src/modules/files/storage/file-storage.js';
import { TempUploads } from '../../src/modules/files/storage/temp-uploads.js';
import { UserAdministration } from '../../src/modules/users/user-administration.service.js';
import { newId } from '../../src/platform/database/ids.js';
import type { SystemRole } from '../../src/platform/identity/actor.js';
import type { TestApp } from '../support/test-app.js';

/** The membership of a user in the conversation of a world. */
export interface Membership {
  readonly role: 'owner' | 'admin' | 'moderator' | 'participant';
  readonly isMuted?: boolean;
  /** Was a participant in the past. */
  readonly isGone?: boolean;
}

export interface Person {
  readonly userId: string;
  readonly sessionId: string;
  readonly username: string;
  readonly token: string;
}

export interface PersonFacts {
  readonly role?: SystemRole;
  readonly isBanned?: boolean;
  /** Part of the public profile. */
  readonly marker?: string;
  /** Part of private data: email and devices. */
  readonly secret?: string;
}

export interface RawRequest {
  readonly method: string;
  /** As it is sent: without encoding or normalisation. */
  readonly path: string;
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
  /** The code of an error. */
  readonly code: string | undefined;
}

let count = 0;

/** Users and conversations created in SQL, and requests that are sent exactly as given. */
export class World {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 24 });

  constructor(readonly test: TestApp) {}

  async person({ role = 'user', isBanned = false, marker = '', secret = '' }: PersonFacts = {}): Promise<Person> {
    const [userId, sessionId] = [newId(), newId()];
    const username = `user-${process.pid}-${++count}`;
    await this.test.database.query(
      `with u as (
         insert into users (id, username, email, display_name, bio, location, role, banned_at)
         values ($1, $2, $3, $4, $4, $4, $5, case when $6::boolean then now() end)
       ), s as (insert into stream_heads (stream_id) values ($1))
       insert into sessions (id, user_id, expires_at, user_agent) values ($7, $1, now() + interval '1 day', $8)`,
      [
        userId,
        username,
        `${username}${secret}@example.com`,
        `${username} ${marker}`,
        role,
        isBanned,
        sessionId,
        secret,
      ],
    );
    const token = this.test.app.get(AccessTokens, { strict: false }).sign({ userId, sessionId, ttlSeconds: 3600 });
    return { userId, sessionId, username, token };
  }

  /** A former admin who has just acted as one in this process. */
  async demotedAdmin({ isBanned }: { isBanned: boolean }): Promise<Person> {
    const [demoted, remaining] = [await this.person({ role: 'admin' }), await this.person({ role: 'admin' })];
    const { status } = await this.send({ method: 'GET', path: '/api/v1/admin/users?limit=1', token: demoted.token });
    if (status !== 200) throw new Error(`an admin was answered ${status}`);
    const administration = this.test.app.get(UserAdministration, { strict: false });
    const by = { ...remaining, role: 'admin', displayName: remaining.username, expiresAt: Infinity } as const;
    await administration.update(by, demoted.userId, { role: 'user' }, 'a test');
    if (isBanned) await administration.ban(by, demoted.userId, { reason: 'a test', until: null });
    return demoted;
  }

  /** A group with these participants; one who is gone left at position 1. */
  async conversation(members: [Person, Membership][], marker = '', type: 'group' | 'room' = 'group'): Promise<string> {
    const id = newId();
    const rows = members.map(([{ userId }, { role, isMuted = false, isGone = false }]) => ({
      user_id: userId,
      role,
      is_muted: isMuted,
      left_seq: isGone ? 1 : null,
    }));
    await this.test.database.query(
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

  /** A message as the send path stores it. */
  async message(conversationId: string, sender: Person, content: string): Promise<string> {
    const id = newId();
    await this.test.database.query(
      `with h as (
         update stream_heads set last_seq = last_seq + 1, last_number = last_number + 1
          where stream_id = $2 returning last_seq, last_number
       ), e as (
         insert into events (stream_id, seq, type, actor_id, subject_id, at)
         select $2, last_seq, 'message.created', $3, $1, date_trunc('milliseconds', now()) from h
       )
       insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at)
       select $1, $2, last_number, last_seq, $3, 'text', $4, date_trunc('milliseconds', now()) from h`,
      [id, conversationId, sender.userId, content],
    );
    return id;
  }

  /** An image in a message, checked and ready, as the scan stores it. */
  async file(messageId: string, uploader: Person, description: string): Promise<string> {
    const id = newId();
    const storage = this.test.app.get(FileStorage, { strict: false });
    for (const key of [imageKey(id), thumbnailKey(id)]) {
      const path = this.test.app.get(TempUploads, { strict: false }).createPath();
      writeFileSync(path, description);
      await storage.put(key, path, 'image/png');
    }
    await this.test.database.query(
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
  async webhook(owner: Person, text: string): Promise<{ webhookId: string; deliveryId: string }> {
    const [webhookId, eventId, deliveryId] = [newId(), newId(), newId()];
    await this.test.database.query(
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

  /** Two content rules that match nothing, two held messages, and a report of the message. */
  async moderation(
    messageId: string,
    { author, reporter }: { author: Person; reporter: Person },
    { content, title }: { content: string; title: string },
  ): Promise<Record<'ruleId' | 'conversationRuleId' | 'heldId' | 'conversationHeldId' | 'reportId', string>> {
    const [ruleId, conversationRuleId, heldId, conversationHeldId, reportId] = [
      newId(),
      newId(),
      newId(),
      newId(),
      newId(),
    ];
    await this.test.database.query(
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
    return { ruleId, conversationRuleId, heldId, conversationHeldId, reportId };
  }

  send({ method, path, token, headers, body }: RawRequest): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        `${this.test.url}/`,
        {
          method,
          path,
          agent: this.agent,
          headers: {
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...(body !== undefined &&
              !headers?.['transfer-encoding'] && { 'content-length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, text, code: errorCode(text) });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
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
