import { Injectable, Optional } from '@nestjs/common';
import { Metrics } from '../../platform/metrics/metrics.js';
import type { SessionState } from './sessions.repository.js';

const MAX_AGE_MS = 5000;
const MAX_ENTRIES = 50_000;

interface Entry {
  readonly identityKey: string;
  readonly loadedAt: number;
  readonly state: Promise<SessionState | undefined>;
  /** The user of the session; undefined until it is loaded, and when there is none. */
  userId?: string;
}

/**
 * Caches session states for at most five seconds, and evicts the least recently used. The absence of a session is
 * cached, too: otherwise each request with the token of an ended session would query the database. Concurrent requests
 * share one query. An entry that is dropped while it is loaded is not stored: its result may be outdated.
 */
@Injectable()
export class SessionCache {
  private readonly entries = new Map<string, Entry>();
  hits = 0;
  misses = 0;

  constructor(@Optional() metrics?: Metrics) {
    metrics?.registerCache('sessions', () => this);
  }

  /** `identityKey` identifies the owner of the credential: one session id with two identities has two entries. */
  getOrLoad(
    sessionId: string,
    identityKey: string,
    load: () => Promise<SessionState | undefined>,
  ): Promise<SessionState | undefined> {
    const known = this.entries.get(sessionId);
    const isFresh =
      known !== undefined && known.identityKey === identityKey && Date.now() - known.loadedAt < MAX_AGE_MS;
    if (isFresh) this.hits++;
    else this.misses++;
    const entry: Entry = isFresh ? known : { identityKey, loadedAt: Date.now(), state: load() };
    this.entries.delete(sessionId);
    this.entries.set(sessionId, entry);
    if (!isFresh) {
      if (this.entries.size > MAX_ENTRIES) this.entries.delete(this.entries.keys().next().value!);
      this.trackLoad(sessionId, entry);
    }
    return entry.state;
  }

  dropSessions(sessionIds: Iterable<string>): void {
    for (const id of sessionIds) this.entries.delete(id);
  }

  /** Also drops entries that are still being loaded, because their user is not yet known. */
  dropUser(userId: string): void {
    for (const [id, entry] of this.entries) {
      if (entry.userId === undefined || entry.userId === userId) this.entries.delete(id);
    }
  }

  private trackLoad(sessionId: string, entry: Entry): void {
    entry.state.then(
      (state) => {
        entry.userId = state?.user_id;
      },
      () => this.remove(sessionId, entry),
    );
  }

  private remove(sessionId: string, entry: Entry): void {
    if (this.entries.get(sessionId) === entry) this.entries.delete(sessionId);
  }
}
