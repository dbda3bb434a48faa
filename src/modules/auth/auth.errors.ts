import { defineError } from '../../platform/errors/app-error.js';
import { integer, RETRY_AFTER_DETAILS } from '../../platform/errors/error-details.js';

export class InvalidCredentials extends defineError('INVALID_CREDENTIALS', 401, {
  message: 'Account and password do not match.',
  meaning: 'The account or the password is wrong; the response does not say which.',
  action: 'Ask for the password again.',
}) {}

export class RegistrationClosed extends defineError('REGISTRATION_CLOSED', 403, {
  message: 'Accounts cannot be created here. Log in with the app that this chat belongs to.',
  meaning: 'Users may not create accounts themselves here (`REGISTRATION`): the host product brings its users.',
  action: 'Do not offer registration; use a token of the host product.',
}) {}

export class ExternalUserUnknown extends defineError('EXTERNAL_USER_UNKNOWN', 403, {
  message: 'The user of this token is not known here.',
  meaning: 'The token is valid, but its user has no account here, and tokens create none (`EXTERNAL_USERS`).',
  action: 'Have the host product create the user first. Do not refresh.',
}) {}

export class AccountLocked extends defineError('ACCOUNT_LOCKED', 423, {
  message: 'Too many failed logins. Wait before the next attempt.',
  meaning: 'Too many failed logins from this source. Known devices are not affected.',
  action: 'Wait `details.retry_after` seconds.',
  details: {
    fields: RETRY_AFTER_DETAILS,
    of: (retryAfterSeconds: number) => ({ retry_after: retryAfterSeconds }),
  },
}) {}

export class RefreshTokenInvalid extends defineError('REFRESH_TOKEN_INVALID', 401, {
  message: 'The refresh token is not valid any more. Log in again.',
  meaning: 'The refresh token is unknown or used, or its session has ended.',
  action: 'Log in again.',
}) {}

export class SessionNotFound extends defineError('SESSION_NOT_FOUND', 404, {
  message: 'No such session.',
  meaning: 'The user has no active session with this id.',
  action: 'Treat it as ended.',
}) {}

export class ServerKeyNotFound extends defineError('SERVER_KEY_NOT_FOUND', 404, {
  message: 'No such server key.',
  meaning: 'There is no server key with this id, or it is revoked already.',
  action: 'Treat it as revoked.',
}) {}

export class TooManyServerKeys extends defineError('TOO_MANY_SERVER_KEYS', 409, {
  message: 'There are too many server keys. Revoke one that is not used.',
  meaning: 'The installation has as many server keys as it may have: `details.limit`.',
  action: 'Revoke a key first; the list says when each was last used.',
  details: {
    fields: { limit: integer('The maximum number of keys') },
    of: (limit: number = 0) => ({ limit }),
  },
}) {}

export class FreshTokenRequired extends defineError('FRESH_TOKEN_REQUIRED', 403, {
  message: 'This account has no password. Repeat the call with a new token.',
  meaning:
    'An account without a password requires a new token of the identity provider or of the host for this call; the current one is older than `details.max_age_seconds`.',
  action: 'Get a new token, and repeat the call with it.',
  details: {
    fields: { max_age_seconds: integer('The maximum age of the token') },
    of: (maxAgeSeconds: number = 0) => ({ max_age_seconds: maxAgeSeconds }),
  },
}) {}

export class AccountDeleted extends defineError('ACCOUNT_DELETED', 403, {
  message: 'This account was deleted.',
  meaning: 'The account of this identity was deleted here; its tokens are no longer accepted.',
  action: 'Display the message. Do not refresh.',
}) {}
