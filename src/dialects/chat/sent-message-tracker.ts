/** Messages whose sender is still to hear of; older ones are told of by the list. */
const REMEMBERED_MAX = 200;

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

/** How far everybody is with a conversation. */
export interface Progress {
  readonly conversationId: string;
  readonly deliveredTo: number;
  readonly readTo: number;
}

/** What the user of one connection has sent since it opened, until everybody has read it. */
export class SentMessageTracker {
  private sent: SentMessage[] = [];

  add(conversationId: string, id: string, number: number): void {
    this.sent.push({ conversationId, id, number, isDelivered: false });
    if (this.sent.length > REMEMBERED_MAX) this.sent.shift();
  }

  /** What is news of it: delivered before read, each once. */
  advance({ conversationId, deliveredTo, readTo }: Progress): StatusChange[] {
    const changes: StatusChange[] = [];
    this.sent = this.sent.filter((message) => {
      if (message.conversationId !== conversationId || message.number > deliveredTo) return true;
      if (!message.isDelivered) changes.push({ messageId: message.id, status: 'delivered' });
      message.isDelivered = true;
      if (message.number > readTo) return true;
      changes.push({ messageId: message.id, status: 'read' });
      return false;
    });
    return changes;
  }
}
