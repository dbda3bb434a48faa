/** The number of tracked messages; the status of older ones is only in the list. */
const TRACKED_MAX = 200;

interface SentMessage {
  readonly conversationId: string;
  readonly id: string;
  readonly number: number;
  isDelivered: boolean;
}

export interface StatusChange {
  readonly messageId: string;
  readonly status: 'delivered' | 'read';
}

/** The read and delivery state of a conversation, aggregated over its participants. */
export interface ReceiptPosition {
  readonly conversationId: string;
  readonly deliveredUpTo: number;
  readonly readUpTo: number;
}

/** Tracks the messages that the user of one connection has sent, until all participants have read them. */
export class SentMessageTracker {
  private sent: SentMessage[] = [];

  add(conversationId: string, id: string, number: number): void {
    this.sent.push({ conversationId, id, number, isDelivered: false });
    if (this.sent.length > TRACKED_MAX) this.sent.shift();
  }

  /** Returns the changes of status: delivered before read, each once. */
  advance({ conversationId, deliveredUpTo, readUpTo }: ReceiptPosition): StatusChange[] {
    const changes: StatusChange[] = [];
    this.sent = this.sent.filter((message) => {
      if (message.conversationId !== conversationId || message.number > deliveredUpTo) return true;
      if (!message.isDelivered) changes.push({ messageId: message.id, status: 'delivered' });
      message.isDelivered = true;
      if (message.number > readUpTo) return true;
      changes.push({ messageId: message.id, status: 'read' });
      return false;
    });
    return changes;
  }
}
