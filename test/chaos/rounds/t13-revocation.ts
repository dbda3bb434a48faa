import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../checker.js';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { type Link, LINK_KINDS, openLink } from '../client-link.js';
import { createGroup, logIn, logInAdmin, type Person, register } from '../people.js';
import { Refused, Rest } from '../rest.js';
import type { Counts, Round, RoundOptions } from '../round.js';
import { withAlteredFunction } from '../altered-database.js';
import { NO_BUS } from '../faults.js';
import { countLateChanges } from './t13-demotion.js';
import { sessionOf } from '../direct-append.js';

/** With the bus it takes a moment; without it the sweep of 5 s has to find it. The rest is for busy machines. */
const BOUND_MS = { bus: 3000, sweep: 8000 };
/** A session that is cached on another node admits its token for as long as the cache lasts. */
const PAUSE_MS = 30;

interface Tally {
  victims: number;
  closedAfterMs: number[];
  stillOpen: number;
  writesBefore: number;
  writesAfter: number;
  readmitted: number;
  readmittedOpen: number;
  readsUntilMs: number;
}

const WAYS_TO_END = ['logout', 'logout-all', 'password', 'revoke', 'ban'] as const;

/** Ends the session of `person.token`; returns when the server has answered. */
async function end(how: (typeof WAYS_TO_END)[number], cluster: Cluster, person: Person, admin: string): Promise<void> {
  const keeper = new Rest(() => cluster.address(0), how === 'ban' ? admin : await logIn(cluster, person));
  const own = new Rest(() => cluster.address(0), person.token);
  try {
    if (how === 'logout') await own.post('/auth/logout');
    else if (how === 'logout-all') await keeper.post('/auth/logout-all');
    else if (how === 'revoke') await keeper.call('DELETE', `/auth/sessions/${sessionOf(person.token)}`);
    else if (how === 'ban') await keeper.post(`/admin/users/${person.id}/ban`, { reason: 'chaos' });
    else {
      const renewed = { current_password: person.password, new_password: `${person.password}-other` };
      await keeper.post('/auth/password', renewed);
    }
  } finally {
    keeper.close();
    own.close();
  }
}

/** One user, active on both nodes over three transports, whose session ends. */
class Victim {
  private endedAt = Infinity;
  private isOver = false;
  private readonly links: Link[] = [];

  constructor(
    private readonly cluster: Cluster,
    private readonly person: Person,
    private readonly conversationId: string,
    private readonly tally: Tally,
    private readonly isPatient: boolean,
  ) {}

  async suffer(how: (typeof WAYS_TO_END)[number], admin: string, boundMs: number): Promise<void> {
    for (const index of this.cluster.nodes.keys()) {
      for (const kind of LINK_KINDS) this.links.push(await this.open(kind, index));
    }
    const work = Promise.all([
      ...this.cluster.nodes.map((_, index) => this.writeOverRest(index)),
      ...this.links.map((link) => this.writeOver(link)),
    ]);
    await sleep(150);
    await end(how, this.cluster, this.person, admin);
    this.endedAt = performance.now();
    this.tally.victims++;
    const ending = Promise.race([Promise.all(this.links.map((link) => this.see(link))), sleep(boundMs)]);
    // A token that is used at once could be noticed; half of the users wait.
    if (this.isPatient) await ending;
    const [readmitted] = await Promise.all([this.comeBack(), ending]);
    if (readmitted) await Promise.race([readmitted.closed, sleep(this.endedAt + boundMs - performance.now())]);
    this.tally.stillOpen += this.links.filter((link) => link.isOpen).length;
    if (readmitted?.isOpen) this.tally.readmittedOpen++;
    await sleep(100);
    this.isOver = true;
    for (const link of this.links) link.cut();
    readmitted?.cut();
    await work;
  }

  private open(kind: Link['kind'], index: number): Promise<Link> {
    return openLink(kind, { address: this.cluster.address(index), token: this.person.token, onFrame: () => undefined });
  }

  private async see(link: Link): Promise<void> {
    this.tally.closedAfterMs.push(Math.max(0, (await link.closed) - this.endedAt));
  }

  private async writeOverRest(index: number): Promise<void> {
    const client = new Client(this.person, () => this.cluster.address(index));
    await this.write(() => client.sendOnce(this.conversationId, 'still here'));
    client.close();
  }

  private writeOver(link: Link): Promise<void> {
    const message = { conversation_id: this.conversationId, content: 'still here' };
    return this.write(() => link.request('message.send', message), link);
  }

  private async write(send: () => Promise<unknown>, link?: Link): Promise<void> {
    while (!this.isOver && link?.isOpen !== false) {
      const startedAt = performance.now();
      try {
        await send();
        if (startedAt > this.endedAt) this.tally.writesAfter++;
        else this.tally.writesBefore++;
      } catch {
        // Refused, or closed meanwhile: both are correct.
      }
      await sleep(PAUSE_MS);
    }
  }

  /** Tries the old token on the other node: a new connection, and reads for as long as they are answered. */
  private async comeBack(): Promise<Link | undefined> {
    const rest = new Rest(() => this.cluster.address(1), this.person.token);
    const read = async (): Promise<void> => {
      try {
        while (!this.isOver) {
          const startedAt = performance.now();
          await rest.get('/users/me');
          this.tally.readsUntilMs = Math.max(this.tally.readsUntilMs, startedAt - this.endedAt);
          await sleep(PAUSE_MS);
        }
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      } finally {
        rest.close();
      }
    };
    void read().catch(() => undefined);
    try {
      const link = await this.open('websocket', 1);
      this.tally.readmitted++;
      return link;
    } catch {
      return undefined;
    }
  }
}

async function endAll(cluster: Cluster, people: readonly Person[], tally: Tally, boundMs: number): Promise<void> {
  const conversationId = await createGroup(cluster, people);
  const admin = await logInAdmin(cluster);
  await Promise.all(
    people.map((person, index) => {
      const victim = new Victim(cluster, person, conversationId, tally, index % 2 === 0);
      return victim.suffer(WAYS_TO_END[index % WAYS_TO_END.length]!, admin, boundMs);
    }),
  );
}

async function run(cluster: Cluster, { clients: count, breakIt }: Required<RoundOptions>): Promise<Counts> {
  const tally = (): Tally => ({
    victims: 0,
    closedAfterMs: [],
    stillOpen: 0,
    writesBefore: 0,
    writesAfter: 0,
    readmitted: 0,
    readmittedOpen: 0,
    readsUntilMs: 0,
  });
  const [bus, reconciler] = [tally(), tally()];
  await endAll(cluster, await register(cluster, count), bus, BOUND_MS.bus);
  const changes = await countLateChanges(cluster);
  if (!breakIt) {
    await cluster.setFaults(NO_BUS);
    await endAll(cluster, await register(cluster, count), reconciler, BOUND_MS.sweep);
  }
  return {
    victims: bus.victims + reconciler.victims,
    writes_before: bus.writesBefore + reconciler.writesBefore,
    changes_before: changes.before,
    still_open: bus.stillOpen + reconciler.stillOpen,
    writes_after: bus.writesAfter + reconciler.writesAfter,
    changes_after: changes.after,
    closed_p99_ms: percentile(bus.closedAfterMs, 0.99),
    closed_max_ms: percentile(bus.closedAfterMs, 1),
    no_bus_closed_p99_ms: percentile(reconciler.closedAfterMs, 0.99),
    no_bus_closed_max_ms: percentile(reconciler.closedAfterMs, 1),
    readmitted_open: bus.readmittedOpen + reconciler.readmittedOpen,
    readmitted: bus.readmitted,
    no_bus_readmitted: reconciler.readmitted,
    reads_until_ms: Math.round(bus.readsUntilMs),
    no_bus_reads_until_ms: Math.round(reconciler.readsUntilMs),
  };
}

/** Sends are stored without checking the session and the account. */
function trusting(text: string): string {
  return text.replace('and u.banned_at is null', '').replace('and s.revoked_at is null', '');
}

export const REVOCATION: Round = {
  name: 'T13',
  promise: 'P13',
  sentence: 'Logout, password change, revocation, ban and demotion end connections soon and writes at once',
  mustBeZero: ['still_open', 'readmitted_open', 'writes_after', 'changes_after'],
  mustNotBeZero: ['victims', 'writes_before', 'changes_before'],
  control: 'nothing ends connections, and sends do not look at sessions',
  broken: ['still_open', 'writes_after'],
  short: { seconds: 0, clients: 5 },
  long: { seconds: 0, clients: 50 },
  controlFaults: { endNothing: true },
  run: (cluster, options) =>
    options.breakIt
      ? withAlteredFunction(cluster, 'append_messages', trusting, () => run(cluster, options))
      : run(cluster, options),
};
