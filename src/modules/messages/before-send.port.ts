import type { StoredForward } from './forwarding/forwarded.dto.js';
import type { ContactDto, LocationDto } from './typed-attachments/typed-attachments.dto.js';
import type { StoredPoll } from './polls/polls.dto.js';
import type { ConversationType } from '../participants/participants.dto.js';

/** A message, or the new text of one, before it is stored. */
export interface UncheckedMessage {
  readonly conversation_id: string;
  readonly conversation_type: ConversationType;
  readonly sender_id: string;
  readonly sender_name: string;
  /** The message that is edited; null for a new one. */
  readonly message_id: string | null;
  readonly client_message_id: string | null;
  readonly message_type: string;
  readonly content: string;
  readonly reply_to_id: string | null;
  readonly mentions: readonly string[];
  readonly metadata: Record<string, unknown>;
  readonly attachment_ids: readonly string[];
  /** Cannot be rewritten. */
  readonly poll: StoredPoll | null;
  /** Cannot be rewritten. */
  readonly location: LocationDto | null;
  /** Cannot be rewritten. */
  readonly contact: ContactDto | null;
  /** Cannot be rewritten. */
  readonly forwarded: StoredForward | null;
  /** Who will see it besides its sender; null: all participants. */
  readonly visible_to: readonly string[] | null;
  /** It will not be stored. */
  readonly is_ephemeral: boolean;
}

/** The decision on a message; `unavailable` if the host gives none and such messages are to be rejected. */
export type BeforeSendVerdict =
  | { readonly kind: 'allow' }
  /** The texts that replace those of the message; an absent one stays. */
  | { readonly kind: 'rewrite'; readonly content?: string; readonly metadata?: Record<string, unknown> }
  /** `reason` is for moderators. */
  | { readonly kind: 'hold'; readonly reason: string | null }
  /** `reason` is for the sender. */
  | { readonly kind: 'reject'; readonly reason: string | null }
  | { readonly kind: 'unavailable' };

/** A request to the host's check. */
export interface BeforeSendRequest {
  readonly message: UncheckedMessage;
  /** Hex of the hash of the body as received; null without a `client_message_id`. */
  readonly bodyHash: string | null;
  /** Returns a text of the host as it may be stored; undefined for one that no message may have. */
  readonly sanitize: (content: string) => string | undefined;
}

/**
 * The host's own check of messages before they are stored. The module `webhooks` provides the implementation, which
 * calls the URL of the host; `CheckBeforeSend` applies the verdicts.
 */
export abstract class BeforeSendHook {
  abstract get isActive(): boolean;

  /**
   * Whether such a message is checked somewhere. Of a sample, the hash decides, so that a repeat gets the same answer;
   * without one, chance does. Without a hook, a send costs no more than this call.
   */
  abstract applies(message: { readonly message_type: string; readonly body_hash?: string | null }): boolean;

  abstract appliesIn(conversationType: ConversationType): boolean;

  /**
   * Returns the verdict of the host; for a repeated key with the same body, the first one. Resolves within the timeout
   * of the hook, at most 3 s, and is never called under a lock. @throws ServiceUnavailable if the database is away
   */
  abstract decide(request: BeforeSendRequest): Promise<BeforeSendVerdict>;
}
