/** What the rules of the installation and of a conversation say to a text. */
export type ContentVerdict =
  | { readonly kind: 'mask'; readonly content: string }
  | { readonly kind: 'hold'; readonly ruleId: string; readonly queue: HoldQueue }
  /** `reason` is the rule's public one. */
  | { readonly kind: 'reject'; readonly reason: string | null };

/** Who looks at what is held: the moderators of the installation, or those of the conversation. */
export type HoldQueue = 'installation' | 'conversation';

/** A send that waits for a moderator; all of it that is needed to send it later. */
export interface HeldSend {
  readonly conversation_id: string;
  readonly sender_id: string;
  readonly client_message_id: string | null;
  /** Hex of the hash over the body as it came; null without a key. */
  readonly body_hash: string | null;
  readonly message_type: string;
  readonly content: string;
  readonly reply_to_id: string | null;
  readonly mentions: string[] | null;
  readonly metadata: Record<string, unknown> | null;
  readonly attachment_ids?: string[];
}

/** What became of a send that was to be held; all but `held` only for a key that was held before. */
export interface Holding {
  readonly id: string;
  readonly status: 'held' | 'dropped' | 'conflict';
}

/**
 * Word and link rules, and where sends wait that they hold back. The module `admin` provides it; whoever stores text
 * asks once for each text, before it is stored.
 */
export abstract class ContentModerator {
  /** Undefined where no rule speaks. The answer is there at once unless the rules of the conversation must be read. */
  abstract evaluate(
    conversationId: string,
    text: string,
  ): ContentVerdict | undefined | Promise<ContentVerdict | undefined>;

  /** Puts a send aside; the same key again is the same held send. */
  abstract defer(send: HeldSend, verdict: ContentVerdict & { kind: 'hold' }): Promise<Holding>;
}
