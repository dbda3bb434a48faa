import type { Bench } from '../bench.js';
import { writeProfile } from '../hot-spots.js';
import { CpuClock } from './sends.js';

const BATCH = 1000;
const BATCHES_AT_ONCE = 2;
const LEAST_PER_SECOND = 2000;

interface Round {
  readonly id: string;
  readonly label: string;
  readonly outcome: string;
  /** The entries of the batch with this number. */
  readonly entries: (batch: number) => object[];
}

/** Creating and updating the users of the host product, two batches of a thousand at once. */
export async function measureUsers(bench: Bench): Promise<void> {
  const { report, options, server, world } = bench;
  report.begin(`Users of the host product: batches of ${BATCH.toLocaleString('en')}, ${BATCHES_AT_ONCE} at once`);
  const [admin] = await world.people(1);
  await world.query(`update users set role = 'admin' where id = $1`, [admin!.id]);
  const upsert = async (users: object[]): Promise<string[]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}/api/v1/users/batch`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${admin!.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ users }),
    });
    if (response.status !== 200) throw new Error(`a batch was answered ${response.status}: ${await response.text()}`);
    const { data } = (await response.json()) as { data: { outcome: string }[] };
    return data.map(({ outcome }) => outcome);
  };
  await upsert(entriesOf(-1));
  let batches = 0;
  for (const { id, label, outcome, entries } of ROUNDS) {
    const clock = new CpuClock(bench);
    if (options.profile) await server.process.startProfile();
    let [next, stored] = [0, 0];
    clock.begin();
    const begunAt = performance.now();
    // The first round decides how many batches there are; the others store the same users.
    const isOver = (): boolean =>
      batches > 0 ? next >= batches : performance.now() - begunAt > options.seconds * 1000;
    const clients = Array.from({ length: BATCHES_AT_ONCE }, async () => {
      while (!isOver()) {
        const outcomes = await upsert(entries(next++));
        stored += outcomes.filter((one) => one === outcome).length;
      }
    });
    await Promise.all(clients);
    const seconds = (performance.now() - begunAt) / 1000;
    clock.end();
    if (options.profile) writeProfile(id, await server.process.stopProfile());
    batches ||= next;
    report.add({
      id,
      label,
      figures: { 'users/s': stored / seconds, ...clock.figures(stored), users: stored },
      target: { figure: 'users/s', least: LEAST_PER_SECOND },
    });
  }
}

const ROUNDS: readonly Round[] = [
  { id: 'users.created', label: 'new users', outcome: 'created', entries: (batch) => entriesOf(batch) },
  { id: 'users.unchanged', label: 'the same again', outcome: 'unchanged', entries: (batch) => entriesOf(batch) },
  {
    id: 'users.updated',
    label: 'another name for each',
    outcome: 'updated',
    entries: (batch) => entriesOf(batch, 'Renamed'),
  },
];

/** Entries with the fields that a host product has of each user; about 260 bytes of JSON each. */
function entriesOf(batch: number, name = 'User'): object[] {
  return Array.from({ length: BATCH }, (_, index) => {
    const number = (batch + 1) * BATCH + index;
    return {
      external_id: `u-${number}`,
      username: `host.user.${number}`,
      display_name: `${name} Number ${number}`,
      email: `user-${number}@example.com`,
      avatar_url: `https://cdn.example.com/avatars/${number}.png`,
      role: 'student',
      metadata: { public: { class: `${number % 12}b` }, private: { plan: 'basic' } },
    };
  });
}
