/** An object with a deadline. `slot` belongs to the wheel and is initially -1. */
export interface TimerEntry {
  slot: number;
  /** @returns the milliseconds until the next call; 0 or less: never. */
  onTimeout(): number;
}

const SLOTS = 64;

/** One timer for any number of deadlines. Each entry is in one slot, so adding and removing take constant time. */
export class TimerWheel {
  private readonly slots: Set<TimerEntry>[] = Array.from({ length: SLOTS }, () => new Set());
  private current = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly tickMs: number,
    /** Called once a tick, before the entries. */
    private readonly onTick: () => void = () => {},
  ) {}

  start(): void {
    this.timer ??= setInterval(() => this.tick(), this.tickMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /**
   * Calls `entry.onTimeout` after `delayMs`, at most a tick later. A delay longer than the wheel ends early, so the
   * entry must check its own deadline.
   */
  schedule(entry: TimerEntry, delayMs: number): void {
    this.cancel(entry);
    const ticks = Math.min(Math.max(Math.ceil(delayMs / this.tickMs), 1), SLOTS - 1);
    entry.slot = (this.current + ticks) % SLOTS;
    this.slots[entry.slot]!.add(entry);
  }

  cancel(entry: TimerEntry): void {
    if (entry.slot < 0) return;
    this.slots[entry.slot]!.delete(entry);
    entry.slot = -1;
  }

  tick(): void {
    this.onTick();
    this.current = (this.current + 1) % SLOTS;
    const due = this.slots[this.current]!;
    if (due.size === 0) return;
    this.slots[this.current] = new Set();
    for (const entry of due) {
      if (entry.slot !== this.current) continue;
      entry.slot = -1;
      const next = entry.onTimeout();
      if (next > 0 && entry.slot < 0) this.schedule(entry, next);
    }
  }
}
