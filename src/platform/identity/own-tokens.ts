import { type AppError, AuthenticationRequired } from '../errors/app-error.js';

/**
 * The checks of our own access tokens, the same for Passport (REST) and for `AccessTokens` (sockets). There is no
 * tolerance for the expiry.
 */
export const TOKEN_CHECKS = { algorithms: ['HS256' as const], issuer: 'parley', audience: 'parley' };

/** The error of a token that `jsonwebtoken` did not verify. */
export function tokenRefusal(error: unknown): AppError {
  const isExpired = error instanceof Error && error.name === 'TokenExpiredError';
  return new AuthenticationRequired(isExpired ? { token_expired: true } : {});
}
