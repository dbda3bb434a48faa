/** The client for which a password is hashed. */
export interface HashRequester {
  /** The key of the fair queue: the IP address of a stranger, or the account of a trusted client. */
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
  private readonly lines = new Map<string, WaitingHash[]>();
  private readonly perAccount = new Map<string, number>();
  private count = 0;

  /** `most`: how many may wait with one key, and for one account. */
  constructor(private readonly most: number) {}

  get size(): number {
    return this.count;
  }

  waitingOf(key: string): number {
    return this.lines.get(key)?.length ?? 0;
  }

  hasRoomFor({ key, account }: HashRequester): boolean {
    return this.waitingOf(key) < this.most && (this.perAccount.get(account ?? '') ?? 0) < this.most;
  }

  add(waiting: WaitingHash): void {
    const { key } = waiting.requester;
    const line = this.lines.get(key);
    if (line) line.push(waiting);
    else this.lines.set(key, [waiting]);
    this.recount(waiting, 1);
  }

  /** Removes and returns the next hash; undefined when none waits. */
  take(): WaitingHash | undefined {
    for (const [key, line] of this.lines) {
      const waiting = line.shift()!;
      this.lines.delete(key);
      if (line.length > 0) this.lines.set(key, line);
      this.recount(waiting, -1);
      return waiting;
    }
    return undefined;
  }

  /** Removes the latest hash of the key with the most waiting, if it has at least `least`. */
  takeNewestOfLongest(least: number): WaitingHash | undefined {
    let longest: WaitingHash[] = [];
    for (const line of this.lines.values()) if (line.length > longest.length) longest = line;
    const newest = longest.at(-1);
    if (!newest || longest.length < least) return undefined;
    this.remove(newest);
    return newest;
  }

  remove(waiting: WaitingHash): void {
    const { key } = waiting.requester;
    const line = this.lines.get(key);
    const at = line?.indexOf(waiting) ?? -1;
    if (!line || at < 0) return;
    line.splice(at, 1);
    if (line.length === 0) this.lines.delete(key);
    this.recount(waiting, -1);
  }

  private recount({ requester: { account } }: WaitingHash, change: 1 | -1): void {
    this.count += change;
    if (account === undefined) return;
    const now = (this.perAccount.get(account) ?? 0) + change;
    if (now > 0) this.perAccount.set(account, now);
    else this.perAccount.delete(account);
  }
}
