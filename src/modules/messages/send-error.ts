import {
  AccountBanned,
  type AppError,
  AuthenticationRequired,
  IdempotencyConflict,
  PermissionDenied,
} from '../../platform/errors/app-error.js';
import { FileNotAttachable, FileNotFound } from '../files/files.errors.js';
import { ConversationFrozen, ConversationNotFound, NotAParticipant } from '../participants/participants.errors.js';
import { UserNotFound } from '../users/users.errors.js';
import { MessageNotFound, SlowMode } from './messages.errors.js';
import type { AppendOutcome } from './new-message.js';

/** Maps the outcome of a send that was not stored to an error. */
export function toSendError(
  outcome: Exclude<AppendOutcome, 'stored' | 'replayed'>,
  retryAfter?: number | null,
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
    case 'slow_mode':
      return new SlowMode(retryAfter ?? 1);
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
    case 'file_not_found':
      return new FileNotFound();
    case 'file_not_attachable':
      return new FileNotAttachable();
  }
}
