/** Says that everything up to a number of a conversation has arrived. */
type Mark = (conversationId: string, number: number) => Promise<unknown>;

/**
 * For protocols without a frame for "arrived": what is written to their sockets counts as arrived. One mark a
 * connection is on its way at a time; what comes meanwhile goes with the next one.
 */
export class DeliveryReceipts {
  private readonly waiting = new Map<string, number>();
  private isMarking = false;

  constructor(private readonly mark: Mark) {}

  arrived(conversationId: string, number: number): void {
    this.waiting.set(conversationId, number);
    if (!this.isMarking) void this.markAll();
  }

  private async markAll(): Promise<void> {
    this.isMarking = true;
    for (const [conversationId, number] of this.waiting) {
      this.waiting.delete(conversationId);
      // Whoever is in the conversation no more, or logged in no more, has nothing to say about it.
      await this.mark(conversationId, number).catch(() => undefined);
    }
    this.isMarking = false;
  }
}
