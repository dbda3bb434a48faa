/** On whose behalf a password is hashed. */
export interface HashRequester {
  /** What takes turns: the address of a stranger, the account of a trusted caller. */
  readonly place: string;
  /** The account it is about, where there may be one. */
  readonly account?: string;
  /** The account knows the caller: by a session, or by a device that was logged in before. */
  readonly isTrusted?: boolean;
  /** Aborted when the caller has disconnected. */
  readonly signal?: AbortSignal;
}

export interface WaitingHash {
  readonly requester: HashRequester;
  begin(): void;
  refuse(): void;
}

/** Those who wait, by place; places take turns, and each place is served in the order of arrival. */
export class HashingQueue {
  /** The place whose turn is next stands first. A place without anybody waiting is not in it. */
  private readonly places = new Map<string, WaitingHash[]>();
  private readonly perAccount = new Map<string, number>();
  private count = 0;

  /** `most`: how many may wait of one place, and for one account. */
  constructor(private readonly most: number) {}

  get size(): number {
    return this.count;
  }

  waitingOf(place: string): number {
    return this.places.get(place)?.length ?? 0;
  }

  hasRoomFor({ place, account }: HashRequester): boolean {
    return this.waitingOf(place) < this.most && (this.perAccount.get(account ?? '') ?? 0) < this.most;
  }

  add(waiting: WaitingHash): void {
    const { place } = waiting.requester;
    const line = this.places.get(place);
    if (line) line.push(waiting);
    else this.places.set(place, [waiting]);
    this.recount(waiting, 1);
  }

  /** The next whose turn it is; undefined when nobody waits. */
  take(): WaitingHash | undefined {
    for (const [place, line] of this.places) {
      const waiting = line.shift()!;
      this.places.delete(place);
      if (line.length > 0) this.places.set(place, line);
      this.recount(waiting, -1);
      return waiting;
    }
    return undefined;
  }

  /** Takes out the last comer of the place that waits most, if at least `least` of it wait. */
  takeNewestOfLongest(least: number): WaitingHash | undefined {
    let longest: WaitingHash[] = [];
    for (const line of this.places.values()) if (line.length > longest.length) longest = line;
    const newest = longest.at(-1);
    if (!newest || longest.length < least) return undefined;
    this.remove(newest);
    return newest;
  }

  remove(waiting: WaitingHash): void {
    const { place } = waiting.requester;
    const line = this.places.get(place);
    const at = line?.indexOf(waiting) ?? -1;
    if (!line || at < 0) return;
    line.splice(at, 1);
    if (line.length === 0) this.places.delete(place);
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
