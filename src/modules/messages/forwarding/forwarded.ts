import type { SendMessageDto } from '../messages.dto.js';
import type { ContactDto, LocationDto } from '../typed-attachments/typed-attachments.dto.js';
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
  readonly location?: LocationDto | null;
  readonly contact?: ContactDto | null;
  readonly forwarded?: StoredForward | null;
}): StoredForward {
  const { sender_id, created_at, content, location, contact, forwarded } = message;
  if (forwarded) return forwarded;
  const copy = { sender_id, created_at: created_at.toISOString(), content };
  return { ...copy, ...(location && { location }), ...(contact && { contact }) };
}

/** `senderName` is the current name of the author. */
export function presentForwarded(stored: StoredForward, senderName: string | null | undefined): ForwardedDto {
  const { sender_id, content, created_at, location, contact } = stored;
  const forwarded = { sender_id, sender_name: senderName ?? '', content, created_at };
  return { ...forwarded, ...(location && { location }), ...(contact && { contact }) };
}
