import { Injectable, Optional } from '@nestjs/common';
import { Metrics } from '../../platform/metrics/metrics.js';
import type { SessionState } from './sessions.repository.js';

const MAX_AGE_MS = 5000;
const MAX_ENTRIES = 50_000;

interface Entry {
  readonly owner: string;
  readonly loadedAt: number;
  readonly state: Promise<SessionState | undefined>;
  /** Whose session it is; undefined until it is loaded, and when there is none. */
  userId?: string;
}

/**
 * What is known of sessions, at most five seconds old, least recently used out first: also that there is none, which a
 * token that goes on being sent after its session was ended would otherwise ask the database each time. Requests that come together ask
 * the database once. What is dropped while it is being loaded is not kept: the answer may be from before.
 */
@Injectable()
export class SessionCache {
  private readonly entries = new Map<string, Entry>();
  hits = 0;
  misses = 0;

  constructor(@Optional() metrics?: Metrics) {
    metrics?.cache('sessions', () => this);
  }

  /** `owner` stands for whom the credential names: one session id under two owners is two questions. */
  find(
    sessionId: string,
    owner: string,
    load: () => Promise<SessionState | undefined>,
  ): Promise<SessionState | undefined> {
    const known = this.entries.get(sessionId);
    const isFresh = known !== undefined && known.owner === owner && Date.now() - known.loadedAt < MAX_AGE_MS;
    if (isFresh) this.hits++;
    else this.misses++;
    const entry: Entry = isFresh ? known : { owner, loadedAt: Date.now(), state: load() };
    this.entries.delete(sessionId);
    this.entries.set(sessionId, entry);
    if (!isFresh) this.settle(sessionId, entry);
    return entry.state;
  }

  dropSessions(sessionIds: Iterable<string>): void {
    for (const id of sessionIds) this.entries.delete(id);
  }

  /** Entries still being loaded go too: nobody knows yet whose they are. */
  dropUser(userId: string): void {
    for (const [id, entry] of this.entries) {
      if (entry.userId === undefined || entry.userId === userId) this.entries.delete(id);
    }
  }

  private settle(sessionId: string, entry: Entry): void {
    if (this.entries.size > MAX_ENTRIES) this.entries.delete(this.entries.keys().next().value!);
    entry.state.then(
      (state) => {
        entry.userId = state?.user_id;
      },
      () => this.forget(sessionId, entry),
    );
  }

  private forget(sessionId: string, entry: Entry): void {
    if (this.entries.get(sessionId) === entry) this.entries.delete(sessionId);
  }
}
