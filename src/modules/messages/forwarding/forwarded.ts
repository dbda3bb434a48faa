import type { SendMessageDto } from '../messages.dto.js';
import type { ForwardedDto, StoredForward } from './forwarded.dto.js';

/** A message that a user forwards. */
export interface ForwardedSend {
  /** The new message: the comment and the files. */
  readonly dto: SendMessageDto;
  readonly forwarded: StoredForward;
  /** Hex of the hash of the request; null without a key. */
  readonly bodyHash: string | null;
}

/** What is kept of a message that is forwarded. Of one that was forwarded itself, the first author and text are kept. */
export function toStoredForward(message: {
  readonly sender_id: string;
  readonly created_at: Date;
  readonly content: string;
  readonly forwarded?: StoredForward | null;
}): StoredForward {
  const { sender_id, created_at, content, forwarded } = message;
  return forwarded ?? { sender_id, created_at: created_at.toISOString(), content };
}

/** `senderName` is the current name of the author. */
export function presentForwarded(stored: StoredForward, senderName: string | null | undefined): ForwardedDto {
  const { sender_id, content, created_at } = stored;
  return { sender_id, sender_name: senderName ?? '', content, created_at };
}
