import type { StoredMessage } from './checker.js';
import type { Cluster } from './cluster.js';

/** All messages of these conversations, by number. */
export function storedMessages(cluster: Cluster, conversationIds: readonly string[]): Promise<StoredMessage[]> {
  return cluster.query(
    `select id, conversation_id, sequence_number, seq, sender_id, client_message_id, content, created_at
       from messages where conversation_id = any($1::uuid[]) order by conversation_id, sequence_number`,
    [conversationIds],
  );
}

/** Every position in the log of these streams, and their heads: a head without its events is a gap. */
export async function logPositions(
  cluster: Cluster,
  streamIds: readonly string[],
): Promise<{ stream: string; position: number }[]> {
  return cluster.query(
    `select stream_id as stream, seq as position from events where stream_id = any($1::uuid[])
     union all
     select h.stream_id, h.last_seq from stream_heads h
      where h.stream_id = any($1::uuid[])
        and not exists (select from events e where e.stream_id = h.stream_id and e.seq = h.last_seq)`,
    [streamIds],
  );
}

/** The newest position of each of these streams. */
export async function heads(cluster: Cluster, streamIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await cluster.query<{ stream_id: string; last_seq: number }>(
    `select stream_id, last_seq from stream_heads where stream_id = any($1::uuid[])`,
    [streamIds],
  );
  return new Map(rows.map((row) => [row.stream_id, row.last_seq]));
}
