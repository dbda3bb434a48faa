/** The call was not made, because the calls before it have failed. */
export class CircuitOpen extends Error {}

export interface CircuitLimits {
  /** Failures in a row that open the circuit. */
  readonly failures: number;
  /** How long no call is made before the next one tries. */
  readonly openMs: number;
}

/**
 * Stops calling what keeps failing. After some failures in a row the circuit is open: calls end at once, and after a
 * while a single one is made. Its success closes the circuit, its failure keeps it open for as long again.
 */
export class CircuitBreaker {
  private failures = 0;
  /** Set while the circuit is open, to the time of the next try. */
  private nextTryAt: number | undefined;
  private isTrying = false;

  constructor(
    private readonly limits: CircuitLimits,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get isOpen(): boolean {
    return this.nextTryAt !== undefined;
  }

  /** Makes one call, which rejects if it fails. @throws CircuitOpen without a call; the errors of the call */
  async run<T>(call: () => Promise<T>): Promise<T> {
    const isTry = this.nextTryAt !== undefined;
    if (isTry && (this.isTrying || this.now() < this.nextTryAt!)) throw new CircuitOpen();
    if (isTry) this.isTrying = true;
    try {
      const result = await call();
      [this.failures, this.nextTryAt] = [0, undefined];
      return result;
    } catch (error) {
      this.failures++;
      if (isTry || this.failures >= this.limits.failures) this.nextTryAt = this.now() + this.limits.openMs;
      throw error;
    } finally {
      if (isTry) this.isTrying = false;
    }
  }
}
