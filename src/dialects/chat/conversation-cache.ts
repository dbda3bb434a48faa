import type { ChatTarget } from './chat.dto.js';

const REMEMBERED_MAX = 100;

/**
 * The conversations a connection has written to. Looking one up takes a while; whoever writes meanwhile waits for the
 * same answer, so that messages go out in the order in which they came.
 */
export class ConversationCache {
  private readonly places = new Map<string, Promise<string>>();

  /** The id of the conversation; `find` is asked once. */
  of(target: ChatTarget, find: () => Promise<string>): Promise<string> {
    const key = keyOf(target);
    const known = this.places.get(key);
    if (known) return known;
    const found = find();
    this.places.set(key, found);
    if (this.places.size > REMEMBERED_MAX) this.places.delete(this.places.keys().next().value!);
    return found;
  }

  /** It may have gone, or its writer from it. */
  forget(target: ChatTarget): void {
    this.places.delete(keyOf(target));
  }
}

function keyOf({ chat_id: chatId, recipient_id: recipientId }: ChatTarget): string {
  return JSON.stringify([chatId ?? null, recipientId ?? null]);
}
