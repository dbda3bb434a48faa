import { Client, type Message, type MessagePage } from '../client.js';
import type { Cluster } from '../cluster.js';
import { LINK_KINDS } from '../client-link.js';
import { during } from '../load.js';
import { createGroup, register } from '../people.js';
import type { Counts, Round, RoundOptions } from '../round.js';

/** Written on one node, and read on the other as soon as the response arrives. */
async function run(cluster: Cluster, { seconds, clients: count }: Required<RoundOptions>): Promise<Counts> {
  const people = await register(cluster, count);
  const conversationId = await createGroup(cluster, people);
  const writers = people.map((person, index) => new Client(person, () => cluster.address(index)));
  const readers = people.map((person, index) => new Client(person, () => cluster.address(index + 1)));
  await Promise.all(
    writers.map((writer, index) => (index % 3 ? writer.connect(LINK_KINDS[index % 2]!) : Promise.resolve(undefined))),
  );
  const page = `/conversations/${conversationId}/messages?limit=100`;
  let [reads, stale] = [0, 0];
  await during(seconds, count, async (worker, turn) => {
    const { rest } = readers[worker]!;
    if (turn % 4 === 0) await rest.get(page);
    const ack = (await writers[worker]!.send(conversationId, `${worker}/${turn}`, { overLink: true }))!;
    const [newest, message, conversation] = await Promise.all([
      rest.get<MessagePage>(page),
      rest.get<Message>(`/messages/${ack.id}`).catch(() => undefined),
      rest.get<{ at_seq: number }>(`/conversations/${conversationId}`),
    ]);
    reads += 3;
    // On a page that all clients write to, a newer hundred may have displaced it.
    const isShown = newest.data.some(({ id }) => id === ack.id) || (newest.data.at(-1)?.seq ?? 0) > ack.seq;
    stale += Number(!isShown) + Number(message?.id !== ack.id) + Number(conversation.at_seq < ack.seq);
  });
  for (const client of [...writers, ...readers]) client.close();
  return { reads, stale };
}

export const READ_YOUR_WRITES: Round = {
  name: 'T10',
  promise: 'P10',
  sentence: 'What was acknowledged on one node is there for the next read on any other',
  mustBeZero: ['stale'],
  mustNotBeZero: ['reads'],
  control: 'nodes keep answers to reads for ten seconds',
  broken: ['stale'],
  short: { seconds: 1.5, clients: 8 },
  long: { seconds: 60, clients: 16 },
  controlFaults: { keepReadsMs: 10_000 },
  run,
};
