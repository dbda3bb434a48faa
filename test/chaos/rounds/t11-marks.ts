import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Message } from '../client.js';
import type { Cluster } from '../cluster.js';
import { LINK_KINDS } from '../client-link.js';
import { during } from '../load.js';
import { createGroup, logIn, register } from '../people.js';
import { Random } from '../random.js';
import type { Counts, Round, RoundOptions } from '../round.js';
import { withAlteredFunction } from '../altered-database.js';

const DEVICES = 3;
/** Marks are set to any of this number of newest messages. */
const SPREAD = 20;
const STATUSES = ['sent', 'delivered', 'read'];

interface Marked {
  readonly last_read_number: number;
  readonly last_delivered_number: number;
}

/** Counts values that are smaller than an earlier one with the same name. */
class Watch {
  regressions = 0;
  private readonly seen = new Map<string, number>();

  see(name: string, value: number): void {
    if (value < (this.seen.get(name) ?? 0)) this.regressions++;
    this.seen.set(name, value);
  }
}

/** One mark by one device: over REST or its socket, read or delivered. */
async function mark(device: Client, index: number, conversationId: string, sequenceNumber: number): Promise<Marked> {
  const place = { sequence_number: sequenceNumber };
  if (index === 0) return device.rest.post<Marked>(`/conversations/${conversationId}/read`, place);
  return device.request<Marked>('message.read', { conversation_id: conversationId, ...place });
}

async function run(cluster: Cluster, { seconds, clients: count, seed }: Required<RoundOptions>): Promise<Counts> {
  const random = new Random(seed);
  const [writer, ...readers] = await register(cluster, count + 1);
  const conversationId = await createGroup(cluster, [writer!, ...readers]);
  const author = new Client(writer!, () => cluster.address(0));
  const devices = await Promise.all(
    readers.flatMap((person) =>
      Array.from({ length: DEVICES }, async (_, index) => {
        const device = new Client({ ...person, token: await logIn(cluster, person) }, () => cluster.address(index));
        if (index > 0) await device.connect(LINK_KINDS[index % 2]!);
        return device;
      }),
    ),
  );
  const [stored, answered, shown] = [new Watch(), new Watch(), new Watch()];
  const highest = new Map(readers.map(({ id }) => [id, 0]));
  let [marks, newest] = [0, 0];
  const write = async (): Promise<void> => {
    newest = (await author.send(conversationId, `message after ${newest}`))!.sequenceNumber;
  };
  for (let sent = 0; sent < SPREAD; sent++) await write();
  const writing = during(seconds, 1, async () => {
    await write();
    await sleep(10);
  });
  const marking = during(seconds, devices.length, async (worker) => {
    const [device, index] = [devices[worker]!, worker % DEVICES];
    const userId = device.person.id;
    const numbers = random.shuffled(Array.from({ length: 6 }, () => random.between(newest - SPREAD, newest)));
    await Promise.all([
      ...[...numbers, numbers[0]!].map(async (number) => {
        const { last_read_number: read } = await mark(device, index, conversationId, number);
        highest.set(userId, Math.max(highest.get(userId)!, number));
        marks++;
        // Responses to one device arrive in any order, but each covers at least the requested position.
        if (read < number) answered.regressions++;
      }),
      index > 0 &&
        device.request('message.delivered', { conversation_id: conversationId, sequence_number: numbers[1]! }),
    ]);
  });
  const watching = during(seconds, 1, async () => {
    const rows = await cluster.query<Marked & { user_id: string }>(
      `select user_id, last_read_number, last_delivered_number from participants where conversation_id = $1`,
      [conversationId],
    );
    for (const row of rows) {
      stored.see(`read ${row.user_id}`, row.last_read_number);
      stored.see(`delivered ${row.user_id}`, row.last_delivered_number);
    }
    await sleep(5);
  });
  const reading = during(seconds, 1, async () => {
    const { data } = await author.rest.get<{ data: (Message & { status: string })[] }>(
      `/conversations/${conversationId}/messages?limit=100`,
    );
    for (const { id, status } of data) shown.see(id, STATUSES.indexOf(status));
    await sleep(15);
  });
  await Promise.all([writing, marking, watching, reading]);
  // The first mark of each device arrives last, as from a device that was offline.
  for (const device of devices) await mark(device, 0, conversationId, 1);
  let mismatches = 0;
  for (const device of devices) {
    const place = await device.rest.get<{ unread_count: number; last_read_number: number }>(
      `/conversations/${conversationId}`,
    );
    const expected = highest.get(device.person.id)!;
    mismatches += Number(place.last_read_number !== expected) + Number(place.unread_count !== newest - expected);
  }
  for (const client of [author, ...devices]) client.close();
  return {
    marks,
    messages: newest,
    regressions: stored.regressions + answered.regressions + shown.regressions,
    unread_mismatches: mismatches,
  };
}

/** The newest mark wins, even if it is lower. */
function settingMarks(text: string): string {
  return text
    .replace('greatest(p.last_read_number, w.read)', 'coalesce(w.read, p.last_read_number)')
    .replace('greatest(p.last_delivered_number, w.delivered)', 'coalesce(w.delivered, p.last_delivered_number)')
    .replace(
      '(p.last_read_number < w.read or p.last_delivered_number < w.delivered or p.unread_from_number <= w.read)',
      'true',
    );
}

export const MARKS: Round = {
  name: 'T11',
  promise: 'P11',
  sentence: 'Marks and statuses never go back, and unread counts are exact',
  mustBeZero: ['regressions', 'unread_mismatches'],
  mustNotBeZero: ['marks', 'messages'],
  control: 'the newest mark wins instead of the highest',
  broken: ['regressions', 'unread_mismatches'],
  short: { seconds: 2, clients: 5 },
  long: { seconds: 30, clients: 20 },
  run: (cluster, options) =>
    options.breakIt
      ? withAlteredFunction(cluster, 'mark_participants', settingMarks, () => run(cluster, options))
      : run(cluster, options),
};
