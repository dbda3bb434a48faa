import type { ChatTarget } from './chat.dto.js';

const CACHE_MAX = 100;

/**
 * The conversations to which a connection has written. Concurrent messages to one target share its look-up, so that
 * they are sent in the order in which they arrived.
 */
export class ConversationCache {
  private readonly conversations = new Map<string, Promise<string>>();

  /** Returns the id of the conversation; calls `find` once. */
  of(target: ChatTarget, find: () => Promise<string>): Promise<string> {
    const key = keyOf(target);
    const known = this.conversations.get(key);
    if (known) return known;
    const found = find();
    this.conversations.set(key, found);
    if (this.conversations.size > CACHE_MAX) this.conversations.delete(this.conversations.keys().next().value!);
    return found;
  }

  /** Called after a failure: the conversation may be deleted, or the user may have left it. */
  forget(target: ChatTarget): void {
    this.conversations.delete(keyOf(target));
  }
}

function keyOf({ chat_id: chatId, recipient_id: recipientId }: ChatTarget): string {
  return JSON.stringify([chatId ?? null, recipientId ?? null]);
}
