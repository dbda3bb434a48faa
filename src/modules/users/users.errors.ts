import { defineError } from '../../platform/errors/app-error.js';
import { FIELD_DETAILS } from '../../platform/errors/error-details.js';
import { USER_DETAILS } from '../../platform/identity/external-users.js';

export class UserNotFound extends defineError('USER_NOT_FOUND', 404, {
  message: 'No such user.',
  meaning: 'The user does not exist.',
  action: 'Treat the user as deleted.',
  details: { fields: USER_DETAILS, of: () => ({}) },
}) {}

export class LastAdmin extends defineError('LAST_ADMIN', 409, {
  message: 'This is the last admin. Make another user an admin first.',
  meaning: 'An installation needs an admin: the last one who is not banned cannot be demoted or deleted.',
  action: 'Make another user an admin first.',
}) {}

/** No other error reveals whether a user name or email is registered. */
export class UsernameOrEmailTaken extends defineError('ALREADY_EXISTS', 409, {
  message: (field: 'username' | 'email') => `This ${field === 'email' ? 'e-mail address' : 'user name'} is taken.`,
  meaning: 'Another account has this name or email; `details.field` is `username` or `email`.',
  action: 'Choose another one.',
  details: { fields: FIELD_DETAILS, of: (field: 'username' | 'email') => ({ field }) },
}) {}

export class ExternalIdTaken extends defineError('ALREADY_EXISTS', 409, {
  message: 'Another user has this external id.',
  meaning: 'Another account has this external id (`details.field` is `external_id`), possibly a deleted one.',
  action: 'Use the account with this external id.',
  details: { fields: FIELD_DETAILS, of: () => ({ field: 'external_id' }) },
}) {}

export class ExternalAccountDeleted extends defineError('ACCOUNT_DELETED', 403, {
  message: 'The account with this external id was deleted.',
  meaning: 'The account with this external id was deleted; it keeps the id, and no other account gets it.',
  action: 'Use another external id for another user.',
}) {}

export class AccountDeactivated extends defineError('ACCOUNT_DEACTIVATED', 403, {
  message: 'This account is deactivated.',
  meaning: 'The host product or an admin has deactivated the account; it gets no session until it is reactivated.',
  action: 'Display the message. Do not repeat the request.',
}) {}
