import type { StoredForward } from './forwarding/forwarded.dto.js';
import type { TypedAttachments } from './typed-attachments/typed-attachments.dto.js';
import type { StoredPoll } from './polls/polls.dto.js';

/** The verdict of the content rules, of the installation and of the conversation, on a text. */
export type ContentVerdict =
  | { readonly kind: 'mask'; readonly content: string }
  | { readonly kind: 'hold'; readonly ruleId: string; readonly queue: HoldQueue }
  /** `reason` is the public reason of the rule. */
  | { readonly kind: 'reject'; readonly reason: string | null };

/** Why a send is held: a rule, or the check of the host, which may give a reason to the moderators. */
export interface HoldCause {
  /** Null if no rule holds it but the check of the host. */
  readonly ruleId: string | null;
  readonly queue: HoldQueue;
  readonly reason?: string | null;
}

/** Who reviews a held send: the moderators of the installation, or those of the conversation. */
export type HoldQueue = 'installation' | 'conversation';

/** A send that waits for a moderator, with all data that is needed to send it later. */
export interface HeldSend extends TypedAttachments {
  readonly conversation_id: string;
  readonly sender_id: string;
  readonly client_message_id: string | null;
  /** Hex of the hash of the body as received; null without a key. */
  readonly body_hash: string | null;
  readonly message_type: string;
  readonly content: string;
  readonly reply_to_id: string | null;
  readonly is_thread_only?: boolean;
  readonly mentions: string[] | null;
  readonly mention_scope?: 'all' | 'here' | null;
  readonly metadata: Record<string, unknown> | null;
  readonly attachment_ids?: string[];
  readonly poll?: StoredPoll;
  readonly forwarded?: StoredForward;
  readonly visible_to?: string[];
}

/** The outcome of holding a send; `dropped` and `conflict` only for a key that was held before. */
export interface HoldResult {
  readonly id: string;
  readonly status: 'held' | 'dropped' | 'conflict';
}

/**
 * The content rules (words and links), and the store of the sends that they hold. The module `admin` provides the
 * implementation, `ContentModeration` applies the rules to messages. A service that stores text evaluates each text
 * once, before it is stored.
 */
export abstract class ContentRules {
  /** Returns undefined if no rule matches; a promise only if the rules of the conversation have to be read. */
  abstract evaluate(
    conversationId: string,
    text: string,
  ): ContentVerdict | undefined | Promise<ContentVerdict | undefined>;

  /** Stores a send for review. A repeat with the same key is the same held send. */
  abstract hold(send: HeldSend, cause: HoldCause): Promise<HoldResult>;
}
