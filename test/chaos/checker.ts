/**
 * Pure functions that compare what clients received with what the database contains. Each returns a number that must be
 * 0.
 */

/** A send that was acknowledged as stored. */
export interface Ack {
  readonly id: string;
  readonly conversationId: string;
  readonly sequenceNumber: number;
  readonly seq: number;
  readonly content: string;
  readonly key: string;
}

/** A message in the database. */
export interface StoredMessage {
  readonly id: string;
  readonly conversation_id: string;
  readonly sequence_number: number;
  readonly seq: number;
  readonly sender_id: string;
  readonly client_message_id: string | null;
  readonly content: string;
  readonly created_at: Date;
}

/** Acknowledged sends that are not in the database, or not as they were acknowledged. */
export function countLost(acks: readonly Ack[], stored: readonly StoredMessage[]): number {
  const byId = new Map(stored.map((row) => [row.id, row]));
  return acks.filter((ack) => {
    const row = byId.get(ack.id);
    return (
      row?.conversation_id !== ack.conversationId ||
      row.sequence_number !== ack.sequenceNumber ||
      row.seq !== ack.seq ||
      row.content !== ack.content
    );
  }).length;
}

/** Messages beyond the first of each key; contents of the rounds are unique, so a lost key is found too. */
export function countDoubles(stored: readonly StoredMessage[]): number {
  const contents = new Set(stored.map((row) => `${row.conversation_id} ${row.sender_id} ${row.content}`));
  return stored.length - contents.size;
}

/** Replays with another response than the first one to the same key. */
export function countDiffering(acks: readonly Ack[]): number {
  const first = new Map<string, Ack>();
  return acks.filter((ack) => {
    const known = first.get(ack.key);
    if (!known) first.set(ack.key, ack);
    return known && (known.id !== ack.id || known.seq !== ack.seq || known.sequenceNumber !== ack.sequenceNumber);
  }).length;
}

/**
 * The difference between the highest position and the number of positions, over all streams, and repeated positions.
 */
export function countGaps(positions: readonly { stream: string; position: number }[]): number {
  const streams = new Map<string, { highest: number; seen: Set<number>; count: number }>();
  for (const { stream, position } of positions) {
    let entry = streams.get(stream);
    if (!entry) streams.set(stream, (entry = { highest: 0, seen: new Set(), count: 0 }));
    entry.highest = Math.max(entry.highest, position);
    entry.seen.add(position);
    entry.count++;
  }
  let gaps = 0;
  for (const { highest, seen, count } of streams.values()) gaps += highest - seen.size + (count - seen.size);
  return gaps;
}

/** One message as received by one reader. */
export interface Sighting {
  readonly id: string;
  readonly seq: number;
  readonly at: string;
}

/** Messages that a reader received after a newer one, or positions on which two readers disagree. */
export function countInversions(readers: readonly (readonly Sighting[])[]): number {
  const standing = new Map<number, string>();
  let inversions = 0;
  for (const sightings of readers) {
    let last = 0;
    for (const { id, seq } of sightings) {
      if (seq <= last) inversions++;
      last = Math.max(last, seq);
      const known = standing.get(seq);
      if (known === undefined) standing.set(seq, id);
      else if (known !== id) inversions++;
    }
  }
  return inversions;
}

/** Messages with an earlier time than the one before them in the order of seq. */
export function countTimeReversals(sightings: readonly Sighting[]): number {
  const inOrder = [...sightings].sort((a, b) => a.seq - b.seq);
  return inOrder.filter(({ at }, index) => index > 0 && at < inOrder[index - 1]!.at).length;
}

/** Positions of `first..last` that were not received. */
export function countMissing(seen: Iterable<number>, first: number, last: number): number {
  const known = new Set(seen);
  let missing = 0;
  for (let position = first; position <= last; position++) if (!known.has(position)) missing++;
  return missing;
}

/** The value below which this share of the values lies; 0 without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
