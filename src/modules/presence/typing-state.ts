import { TYPING_TTL_MS } from './presence.dto.js';

/** A conversation in which a user is typing. */
export interface TypingEntry {
  readonly conversationId: string;
  readonly displayName: string;
  /** Whether the typing started with a request to this process. */
  readonly isLocal: boolean;
}

interface StoredEntry extends TypingEntry {
  readonly until: number;
}

/**
 * The users who have been typing in the last six seconds, as known to this process from its own requests and from the
 * bus. Both maps are approximately in order of expiry: expired entries are removed from their front.
 */
export class TypingState {
  /** By user, then by conversation. The user and the conversation with the latest start are last. */
  private readonly byUser = new Map<string, Map<string, StoredEntry>>();

  get isEmpty(): boolean {
    return this.byUser.size === 0;
  }

  of(userId: string): TypingEntry[] {
    const now = Date.now();
    return [...(this.byUser.get(userId)?.values() ?? [])].filter(({ until }) => until >= now);
  }

  /** Includes users whose entry has expired and is not yet removed. */
  findTypingUsers(conversationId: string): string[] {
    return [...this.byUser].filter(([, entries]) => entries.has(conversationId)).map(([userId]) => userId);
  }

  record(
    { userId, displayName }: { readonly userId: string; readonly displayName: string },
    conversationId: string,
    { isTyping, isLocal }: { readonly isTyping: boolean; readonly isLocal: boolean },
  ): void {
    const now = Date.now();
    const entries = this.byUser.get(userId) ?? new Map<string, StoredEntry>();
    entries.delete(conversationId);
    if (isTyping) {
      entries.set(conversationId, { conversationId, displayName, isLocal, until: now + TYPING_TTL_MS });
      this.byUser.delete(userId);
      this.byUser.set(userId, entries);
    } else if (entries.size === 0) this.byUser.delete(userId);
    dropExpired(entries, ({ until }) => until < now);
    dropExpired(
      this.byUser,
      (byConversation) => byConversation.size === 0 || [...byConversation.values()].every(({ until }) => until < now),
    );
  }

  removeConversation(conversationId: string): void {
    for (const [userId, entries] of this.byUser) {
      if (entries.delete(conversationId) && entries.size === 0) this.byUser.delete(userId);
    }
  }
}

function dropExpired<Value>(map: Map<string, Value>, isExpired: (value: Value) => boolean): void {
  for (const [key, value] of map) {
    if (!isExpired(value)) return;
    map.delete(key);
  }
}
