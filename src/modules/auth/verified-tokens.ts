/** Tokens whose signature has been checked; the oldest are evicted first. */
const MAX_ENTRIES = 20_000;

interface Entry<Claims> {
  readonly claims: Claims;
  /** Milliseconds of `Date.now()`. */
  readonly until: number;
}

/**
 * The claims of tokens that were verified before, by the whole text of the token: only exactly the same one is found.
 */
export class VerifiedTokens<Claims> {
  private readonly entries = new Map<string, Entry<Claims>>();

  find(token: string): Claims | undefined {
    const entry = this.entries.get(token);
    return entry && entry.until > Date.now() ? entry.claims : undefined;
  }

  /** Stores a token that is valid until then (milliseconds of `Date.now()`), as long as there is room for it. */
  add(token: string, claims: Claims, until: number): void {
    this.entries.delete(token);
    if (this.entries.size >= MAX_ENTRIES) this.entries.delete(this.entries.keys().next().value!);
    this.entries.set(token, { claims, until });
  }
}
