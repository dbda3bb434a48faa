type Effect = () => (() => void) | void;

/** Enough of React to run one hook: state, callbacks and effects, rendered in the turn after a change. */
export class SmallReact<Shown> {
  rendered!: Shown;
  private readonly slots: unknown[] = [];
  private at = 0;
  private due: { index: number; effect: Effect }[] = [];
  private isScheduled = false;
  private watching: { matches: (rendered: Shown) => boolean; resolve: (rendered: Shown) => void }[] = [];

  constructor(private readonly draw: () => Shown) {}

  readonly useState = <Value>(first: Value): [Value, (next: Value | ((before: Value) => Value)) => void] => {
    const index = this.at++;
    if (!(index in this.slots)) this.slots[index] = first;
    const set = (next: Value | ((before: Value) => Value)): void => {
      const before = this.slots[index] as Value;
      this.slots[index] = typeof next === 'function' ? (next as (before: Value) => Value)(before) : next;
      this.schedule();
    };
    return [this.slots[index] as Value, set];
  };

  readonly useCallback = <Callback>(callback: Callback, needs: unknown[]): Callback => {
    const index = this.at++;
    const known = this.slots[index] as { callback: Callback; needs: unknown[] } | undefined;
    if (known && needs.every((need, position) => need === known.needs[position])) return known.callback;
    this.slots[index] = { callback, needs };
    return callback;
  };

  readonly useEffect = (effect: Effect, needs: unknown[]): void => {
    const index = this.at++;
    const known = this.slots[index] as { needs: unknown[] } | undefined;
    if (known && needs.every((need, position) => need === known.needs[position])) return;
    this.slots[index] = { needs };
    this.due.push({ index, effect });
  };

  /** Renders once, runs the effects, and resolves the promises that wait. */
  render(): void {
    this.at = 0;
    this.rendered = this.draw();
    const effects = this.due;
    this.due = [];
    for (const { effect } of effects) effect();
    this.watching = this.watching.filter(({ matches, resolve }) => {
      if (!matches(this.rendered)) return true;
      resolve(this.rendered);
      return false;
    });
  }

  /** Resolves with the rendered value once it matches. */
  until(matches: (rendered: Shown) => boolean): Promise<Shown> {
    if (matches(this.rendered)) return Promise.resolve(this.rendered);
    return new Promise((resolve) => this.watching.push({ matches, resolve }));
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.render();
    });
  }
}
