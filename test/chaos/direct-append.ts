import { randomUUID } from 'node:crypto';
import { v7 as timeOrderedId } from 'uuid';
import type pg from 'pg';
import { toColumns } from '../../src/modules/messages/new-message.js';
import type { Ack } from './checker.js';
import type { Person } from './people.js';

/**
 * Stores messages as a node does, through a connection of the test, so that the test decides when, and whether, they
 * commit. Returns what may be acknowledged after that.
 */
export async function appendDirectly(
  client: Pick<pg.ClientBase, 'query'>,
  conversationId: string,
  sender: Person,
  contents: readonly string[],
): Promise<Ack[]> {
  const batch = contents.map((content) => ({
    id: timeOrderedId(),
    conversation_id: conversationId,
    sender_id: sender.id,
    session_id: sessionOf(sender.token),
    client_message_id: randomUUID(),
    body_hash: '00',
    message_type: 'text',
    content,
    metadata: null,
    reply_to_id: null,
    mentions: null,
  }));
  const { rows } = await client.query<{ outcome: string; id: string; sequence_number: string; seq: string }>(
    `select outcome, id, sequence_number, seq
       from append_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) order by place`,
    toColumns(batch),
  );
  return rows.map(({ outcome, id, sequence_number: sequenceNumber, seq }, index): Ack => {
    if (outcome !== 'stored') throw new Error(`the database refused: ${outcome}`);
    const { content, client_message_id: key } = batch[index]!;
    return { id, conversationId, sequenceNumber: Number(sequenceNumber), seq: Number(seq), content, key };
  });
}

/** The session id in a token. */
export function sessionOf(token: string): string {
  const payload = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sid: string };
  return payload.sid;
}
