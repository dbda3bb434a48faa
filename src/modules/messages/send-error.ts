import {
  AccountBanned,
  type AppError,
  AuthenticationRequired,
  IdempotencyConflict,
  PermissionDenied,
} from '../../platform/errors/app-error.js';
import { codePointLength } from '../../platform/validation/text.js';
import { FileNotAttachable, FileNotFound } from '../files/files.errors.js';
import {
  ConversationFrozen,
  ConversationNotFound,
  FeatureDisabled,
  NotAParticipant,
  SEND_ROLE_REQUIRED,
} from '../participants/participants.errors.js';
import { UserNotFound } from '../users/users.errors.js';
import { ContentTooLong, InvalidAudience, MessageNotFound, SlowMode } from './messages.errors.js';
import type { AppendOutcome } from './new-message.js';

/** Maps the outcome of a send that was not stored to an error; `limit` is what the outcome reports with it. */
export function toSendError(
  outcome: Exclude<AppendOutcome, 'stored' | 'shadowed' | 'replayed'>,
  { content, forwarded, limit }: { content: string; forwarded?: { readonly content: string }; limit: number },
): AppError {
  switch (outcome) {
    case 'conflict':
      return new IdempotencyConflict();
    case 'not_found':
      return new ConversationNotFound();
    case 'not_participant':
      return new NotAParticipant();
    case 'muted':
      return new PermissionDenied('You are muted in this conversation.');
    case 'frozen':
      return new ConversationFrozen();
    case 'mention_refused':
      return new PermissionDenied('Only moderators may mention all participants of this conversation.');
    case 'role_too_low':
      return new PermissionDenied(SEND_ROLE_REQUIRED);
    case 'too_long':
      return new ContentTooLong(Math.max(codePointLength(content), codePointLength(forwarded?.content ?? '')), limit);
    case 'mention_all_off':
      return new FeatureDisabled('mention_all');
    case 'uploads_off':
      return new FeatureDisabled('uploads');
    case 'polls_off':
      return new FeatureDisabled('polls');
    case 'forwarding_off':
      return new FeatureDisabled('forwarding');
    case 'streaming_off':
      return new FeatureDisabled('streaming');
    case 'threads_off':
      return new FeatureDisabled('threads');
    case 'links_off':
      return new FeatureDisabled('links');
    case 'slow_mode':
      return new SlowMode(limit);
    case 'blocked':
      return new PermissionDenied('You cannot write to this user.');
    case 'banned':
      return new AccountBanned();
    case 'session_ended':
      return new AuthenticationRequired();
    case 'sender_not_found':
      return new UserNotFound();
    case 'reply_not_found':
      return new MessageNotFound();
    case 'audience_of_direct':
      return new InvalidAudience('direct_conversation');
    case 'audience_not_found':
      return new InvalidAudience('not_participants');
    case 'file_not_found':
      return new FileNotFound();
    case 'file_not_attachable':
      return new FileNotAttachable();
  }
}
