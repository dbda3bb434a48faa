import fc from 'fast-check';
import { sanitizeContent } from '../../../src/modules/messages/sanitize-content.js';
import { PLAIN_TEXTS } from '../../fixtures/plain-texts.js';
import { Client, type Message, type MessagePage } from '../client.js';
import type { Cluster } from '../cluster.js';
import type { Frame } from '../client-link.js';
import { within } from '../load.js';
import { createGroup, register } from '../people.js';
import { Random } from '../random.js';
import type { Counts, Round, RoundOptions } from '../round.js';

/** Generated texts in addition to the collected ones, for each second. */
const GENERATED_PER_SECOND = 60;
const SETTLE_MS = 5000;
const AT_ONCE = 16;

/** Anything that is valid in JSON: no NUL, no half characters. */
function generatedTexts(count: number, seed: number): string[] {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }),
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
  return fc.sample(text, { numRuns: count, seed }).map((sample) => sample.replace(/\0|[\ud800-\udfff]/gu, ''));
}

/** Sends every text over one of the three ways. Returns the expected text of each message by its id. */
async function sendAll(
  senders: readonly Client[],
  conversationId: string,
  texts: readonly string[],
): Promise<Map<string, string>> {
  const wanted = new Map<string, string>();
  const queue = [...texts.entries()];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = queue.pop(); next; next = queue.pop()) {
        const [index, text] = next;
        const message = await senders[index % senders.length]!.sendOnce(conversationId, text, undefined, true);
        const { content } = sanitizeContent(text, 'strip');
        wanted.set(message.id, content);
        if (message.content !== content) wanted.set(`${message.id} in the answer`, content);
      }
    }),
  );
  return wanted;
}

async function readAll(reader: Client, conversationId: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let query = 'after_number=0', more = true; more;) {
    const page = await reader.rest.get<MessagePage>(`/conversations/${conversationId}/messages?limit=100&${query}`);
    for (const { id, content } of page.data) found.set(id, content);
    query = `cursor=${encodeURIComponent(page.next_cursor ?? '')}`;
    more = page.next_cursor !== null;
  }
  return found;
}

async function readLog(reader: Client, conversationId: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let after = 0, more = true; more;) {
    const page = await reader.rest.get<{ data: Frame[]; has_more: boolean }>(
      `/conversations/${conversationId}/events?limit=300&after_seq=${after}`,
    );
    for (const { type, data } of page.data) {
      const message = data.message as Message;
      if (type === 'message.created') found.set(message.id, message.content);
    }
    after = page.data.at(-1)?.seq ?? after;
    more = page.has_more;
  }
  return found;
}

async function run(cluster: Cluster, { seconds, seed }: Required<RoundOptions>): Promise<Counts> {
  const random = new Random(seed);
  const people = await register(cluster, 3);
  const conversationId = await createGroup(cluster, people);
  const clients = people.map((person, index) => new Client(person, () => cluster.address(index)));
  const pushed = clients.map(() => new Map<string, string>());
  for (const [index, client] of clients.entries()) {
    client.onFrame = ({ type, data }) => {
      const message = data?.message as Message;
      if (type === 'message.created') pushed[index]!.set(message.id, message.content);
    };
    if (index > 0) await client.connect(index === 1 ? 'websocket' : 'socket.io');
  }
  const generated = generatedTexts(Math.ceil(seconds * GENERATED_PER_SECOND), seed);
  // A text of which only blanks are left is refused.
  const isSendable = (text: string): boolean => sanitizeContent(text, 'strip').content.trim() !== '';
  const texts = random.shuffled([...PLAIN_TEXTS, ...generated].filter(isSendable));
  const wanted = await sendAll(clients, conversationId, texts);
  await within(SETTLE_MS, () => pushed.slice(1).every((found) => found.size >= texts.length));
  const word = `w${seed}`;
  const { id } = await clients[0]!.sendOnce(conversationId, `${word} a < b && c > d 👩‍👩‍👧 e\u0301 مرحبا`);
  const { data: hits } = await clients[1]!.rest.get<{ data: Message[] }>(`/search/messages?q=${word}`);
  const ways = [
    await readAll(clients[0]!, conversationId),
    await readAll(clients[1]!, conversationId),
    await readLog(clients[2]!, conversationId),
    ...pushed.slice(1),
  ];
  let altered = hits.filter((hit) => hit.id === id && hit.content === ways[0]!.get(id)).length === 1 ? 0 : 1;
  for (const found of ways) for (const [messageId, text] of wanted) if (found.get(messageId) !== text) altered++;
  for (const client of clients) client.close();
  return { texts: texts.length, ways: ways.length + 1, altered };
}

export const TEXT: Round = {
  name: 'T23',
  promise: 'P23',
  sentence: 'Text comes back as it was sent over every way, but for what the content rule says',
  mustBeZero: ['altered'],
  mustNotBeZero: ['texts'],
  control: 'tags are taken out by a pattern',
  broken: ['altered'],
  short: { seconds: 1, clients: 3 },
  long: { seconds: 60, clients: 3 },
  controlFaults: { naiveTags: true },
  run,
};
