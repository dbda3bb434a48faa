import { setTimeout as sleep } from 'node:timers/promises';
import { countInversions, countTimeReversals, type Sighting } from '../checker.js';
import { Client, type Message, type MessagePage } from '../client.js';
import type { Cluster } from '../cluster.js';
import { heads } from '../database-facts.js';
import { LINK_KINDS } from '../client-link.js';
import { during, within } from '../load.js';
import { createGroup, register } from '../people.js';
import type { Counts, Round, RoundOptions } from '../round.js';
import { withAlteredFunction } from '../altered-database.js';

const READERS = 8;
const PAGE = 100;
const SETTLE_MS = 8000;

function sightingOf({ id, seq, created_at: at }: Message): Sighting {
  return { id, seq, at };
}

/** A conversation over REST, page after page from its beginning. */
async function readForward(client: Client, conversationId: string): Promise<Sighting[]> {
  const sightings: Sighting[] = [];
  let page: MessagePage;
  let query = `after_number=0`;
  do {
    page = await client.rest.get<MessagePage>(`/conversations/${conversationId}/messages?limit=${PAGE}&${query}`);
    sightings.push(...page.data.map(sightingOf));
    query = `cursor=${encodeURIComponent(page.next_cursor ?? '')}`;
  } while (page.next_cursor);
  return sightings;
}

/** The newest page, reversed. */
async function readNewest(client: Client, conversationId: string): Promise<Sighting[]> {
  const page = await client.rest.get<MessagePage>(`/conversations/${conversationId}/messages?limit=${PAGE}`);
  return page.data.map(sightingOf).reverse();
}

async function run(cluster: Cluster, { seconds, clients: count, breakIt }: Required<RoundOptions>): Promise<Counts> {
  const people = await register(cluster, count + READERS);
  const conversationId = await createGroup(cluster, people);
  const readers = people.slice(count).map((person, index) => new Client(person, () => cluster.address(index)));
  const seen = readers.map((): Sighting[] => []);
  await Promise.all(
    readers.map(async (reader, index) => {
      await reader.follow(conversationId);
      reader.onFrame = (frame) => {
        const message = frame.data?.message as Message | undefined;
        if (frame.type === 'message.created' && message?.conversation_id === conversationId) {
          if (!seen[index]!.some(({ seq }) => seq === message.seq)) seen[index]!.push(sightingOf(message));
        }
      };
      await reader.connect(LINK_KINDS[(index >> 1) & 1]!);
    }),
  );
  const writers = people.slice(0, count).map((person, index) => new Client(person, () => cluster.address(index)));
  const pages: Sighting[][] = [];
  await Promise.all([
    during(seconds, count, (writer, turn) => writers[writer]!.send(conversationId, `${writer}/${turn}`)),
    during(seconds, 2, async (reader) => {
      pages.push(await readNewest(readers[reader]!, conversationId));
      await sleep(20);
    }),
  ]);
  const sent = writers.reduce((sum, { acks }) => sum + acks.length, 0);
  await within(breakIt ? 1000 : SETTLE_MS, () => seen.every((sightings) => sightings.length >= sent));
  for (const reader of readers.slice(0, 2)) pages.push(await readForward(reader, conversationId));
  const complete = pages.at(-1)!;
  const head = (await heads(cluster, [conversationId])).get(conversationId)!;
  const counts = {
    sent,
    readers: seen.length + pages.length,
    head,
    inversions: countInversions([complete, ...seen, ...pages]),
    time_reversals: countTimeReversals(complete),
    unseen: seen.reduce((sum, sightings) => sum + (sent - sightings.length), 0),
  };
  for (const client of [...readers, ...writers]) client.close();
  return counts;
}

/** As if every node had its own clock, up to ten minutes off; `greatest` with the time before corrects it. */
function withWrongClocks(text: string): string {
  return text.replace('clock_timestamp()', `clock_timestamp() + (random() - 0.5) * interval '20 minutes'`);
}

function believingClocks(text: string): string {
  return withWrongClocks(text).replace(/greatest\((date_trunc\([^;]*?\)), send\.last_at\)/, '$1');
}

export const ORDER: Round = {
  name: 'T4',
  promise: 'P4',
  sentence: 'History, both transports and every node show one order, and time never runs back in it, though clocks do',
  mustBeZero: ['inversions', 'time_reversals', 'unseen'],
  mustNotBeZero: ['sent', 'readers'],
  control: 'nodes hand events out as they come, and times are believed',
  broken: ['inversions', 'time_reversals'],
  short: { seconds: 2, clients: 8 },
  long: { seconds: 30, clients: 16 },
  controlFaults: { deliverUnordered: true },
  run: (cluster, options) =>
    withAlteredFunction(cluster, 'append_messages', options.breakIt ? believingClocks : withWrongClocks, () =>
      run(cluster, options),
    ),
};
