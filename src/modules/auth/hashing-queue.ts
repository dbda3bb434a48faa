/** The client for which a password is hashed. */
export interface HashRequester {
  /** The key of the fair queue: the account of a trusted client, or else the IP address of the client (a stranger). */
  readonly key: string;
  /** The account of the password, if there may be one. */
  readonly account?: string;
  /** Whether the account knows the client: by a session, or by a device with an earlier login. */
  readonly isTrusted?: boolean;
  /** Aborted when the client has disconnected. */
  readonly signal?: AbortSignal;
}

export interface WaitingHash {
  readonly requester: HashRequester;
  begin(): void;
  refuse(): void;
}

/** Waiting hashes by key. Keys take turns, and each key is served in the order of arrival. */
export class HashingQueue {
  /** The key whose turn is next is first. Keys without waiting hashes are removed. */
  private readonly queues = new Map<string, WaitingHash[]>();
  private readonly perAccount = new Map<string, number>();
  private count = 0;

  /** `maxPerKey` hashes may wait with one key, and as many for one account. */
  constructor(private readonly maxPerKey: number) {}

  get size(): number {
    return this.count;
  }

  waitingOf(key: string): number {
    return this.queues.get(key)?.length ?? 0;
  }

  hasRoomFor({ key, account }: HashRequester): boolean {
    return this.waitingOf(key) < this.maxPerKey && (this.perAccount.get(account ?? '') ?? 0) < this.maxPerKey;
  }

  add(waiting: WaitingHash): void {
    const { key } = waiting.requester;
    const queue = this.queues.get(key);
    if (queue) queue.push(waiting);
    else this.queues.set(key, [waiting]);
    this.adjustCounts(waiting, 1);
  }

  /** Removes and returns the next hash; undefined when none waits. */
  take(): WaitingHash | undefined {
    for (const [key, queue] of this.queues) {
      const waiting = queue.shift()!;
      this.queues.delete(key);
      if (queue.length > 0) this.queues.set(key, queue);
      this.adjustCounts(waiting, -1);
      return waiting;
    }
    return undefined;
  }

  /** Removes the latest hash of the key with the most waiting, if it has at least `least`. */
  takeNewestOfLongest(least: number): WaitingHash | undefined {
    let longest: WaitingHash[] = [];
    for (const queue of this.queues.values()) if (queue.length > longest.length) longest = queue;
    const newest = longest.at(-1);
    if (!newest || longest.length < least) return undefined;
    this.remove(newest);
    return newest;
  }

  remove(waiting: WaitingHash): void {
    const { key } = waiting.requester;
    const queue = this.queues.get(key);
    const at = queue?.indexOf(waiting) ?? -1;
    if (!queue || at < 0) return;
    queue.splice(at, 1);
    if (queue.length === 0) this.queues.delete(key);
    this.adjustCounts(waiting, -1);
  }

  private adjustCounts({ requester: { account } }: WaitingHash, change: 1 | -1): void {
    this.count += change;
    if (account === undefined) return;
    const now = (this.perAccount.get(account) ?? 0) + change;
    if (now > 0) this.perAccount.set(account, now);
    else this.perAccount.delete(account);
  }
}
