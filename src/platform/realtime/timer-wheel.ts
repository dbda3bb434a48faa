/** Something that wants to be woken. `slot` belongs to the wheel and starts at -1. */
export interface TimerEntry {
  slot: number;
  /** @returns in how many milliseconds to wake it again; 0 or less: never. */
  onTimeout(): number;
}

const SLOTS = 64;

/** One timer for any number of deadlines; each sleeper is in one slot, so that adding and removing cost nothing. */
export class TimerWheel {
  private readonly slots: Set<TimerEntry>[] = Array.from({ length: SLOTS }, () => new Set());
  private current = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly tickMs: number,
    /** Called once a tick, before the sleepers. */
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
   * Wakes `sleeper` after `delayMs`, up to a tick later. A delay longer than the wheel wakes it early: it sleeps on.
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
