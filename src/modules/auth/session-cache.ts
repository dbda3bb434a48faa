import { Injectable, Optional } from '@nestjs/common';
import { Metrics } from '../../platform/metrics/metrics.js';
import type { SessionState } from './sessions.repository.js';

const MAX_AGE_MS = 5000;
const MAX_ENTRIES = 50_000;

interface Entry<State> {
  readonly identityKey: string;
  readonly loadedAt: number;
  readonly state: Promise<State | undefined>;
  /** The user of the state; undefined until it is loaded, and when there is none. */
  userId?: string;
}

/**
 * Caches what every request with a credential needs, such as the state of its session, for at most five seconds, and
 * evicts the least recently used. The absence of a state is cached, too: otherwise each request with the token of an
 * ended session would query the database. Concurrent requests share one query. An entry that is dropped while it is
 * loaded is not stored: its result may be outdated.
 */
export class StateCache<State extends { readonly user_id: string }> {
  private readonly entries = new Map<string, Entry<State>>();
  hits = 0;
  misses = 0;

  /** `identityKey` identifies the owner of the credential: one session id with two identities has two entries. */
  getOrLoad(id: string, identityKey: string, load: () => Promise<State | undefined>): Promise<State | undefined> {
    const known = this.entries.get(id);
    const isFresh =
      known !== undefined && known.identityKey === identityKey && Date.now() - known.loadedAt < MAX_AGE_MS;
    if (isFresh) this.hits++;
    else this.misses++;
    const entry: Entry<State> = isFresh ? known : { identityKey, loadedAt: Date.now(), state: load() };
    this.entries.delete(id);
    this.entries.set(id, entry);
    if (!isFresh) {
      if (this.entries.size > MAX_ENTRIES) this.entries.delete(this.entries.keys().next().value!);
      this.trackLoad(id, entry);
    }
    return entry.state;
  }

  drop(ids: Iterable<string>): void {
    for (const id of ids) this.entries.delete(id);
  }

  /** Also drops entries that are still being loaded, because their user is not yet known. */
  dropUser(userId: string): void {
    for (const [id, entry] of this.entries) {
      if (entry.userId === undefined || entry.userId === userId) this.entries.delete(id);
    }
  }

  private trackLoad(id: string, entry: Entry<State>): void {
    entry.state.then(
      (state) => {
        entry.userId = state?.user_id;
      },
      () => this.remove(id, entry),
    );
  }

  private remove(id: string, entry: Entry<State>): void {
    if (this.entries.get(id) === entry) this.entries.delete(id);
  }
}

/** The states of sessions, by their ids. */
@Injectable()
export class SessionCache extends StateCache<SessionState> {
  constructor(@Optional() metrics?: Metrics) {
    super();
    metrics?.registerCache('sessions', () => this);
  }
}
