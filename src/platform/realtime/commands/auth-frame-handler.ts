import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../errors/app-error.js';
import { toAppError } from '../../errors/error.filter.js';
import type { Actor } from '../../identity/actor.js';
import { Authenticator } from '../../identity/authenticator.js';
import { Limits } from '../../throttling/limits.service.js';
import { requireSafeJson } from '../../validation/safe-json.js';
import { CLOSE_REASONS, closeReasonFor } from '../connection/close-reasons.js';
import type { Connection } from '../connection/connection.js';
import type { ResumeRequest } from '../resume/connection-attacher.js';
import { AlreadyAuthenticated } from '../realtime.errors.js';
import { CONNECT_LIMIT } from '../../throttling/limits.js';

/** Longer texts are refused without calling the authenticator. */
export const MAX_TOKEN_LENGTH = 4096;
const MAX_CURSOR_LENGTH = 1024;

/** Handles the frame `auth {token, act_as?, resume?}` of a client that sent no credential with the upgrade. */
@Injectable()
export class AuthFrameHandler {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly limits: Limits,
  ) {}

  /** Signs the connection in. @throws AppError */
  async authenticate(connection: Connection, data: unknown): Promise<void> {
    if (connection.isSignedIn || connection.isAuthenticating) throw new AlreadyAuthenticated();
    requireSafeJson(data);
    const { token, act_as: actAs, resume } = (data ?? {}) as Record<'token' | 'act_as' | 'resume', unknown>;
    if (typeof token !== 'string' || token.length === 0 || token.length > MAX_TOKEN_LENGTH) {
      throw ValidationError.of('token', `must be text of 1 to ${MAX_TOKEN_LENGTH} characters`);
    }
    if (actAs !== undefined && typeof actAs !== 'string') throw ValidationError.of('act_as', 'must be text');
    // Before `identify`: if this threw after it, an unhandled rejection of `identify` would end the process.
    const resumePoint = readResume(resume);
    await connection.authenticate(this.identify(token, actAs), resumePoint);
  }

  /**
   * Closes the connection if another token would not help. After an unknown token the client may retry until the
   * deadline.
   */
  closeAfter(error: unknown, connection: Connection): void {
    const reason = closeReasonFor(toAppError(error));
    if (reason !== CLOSE_REASONS.revoked && !connection.isSignedIn) connection.closeWith(reason);
  }

  private async identify(token: string, actAs: string | undefined): Promise<Actor> {
    const actor = await this.authenticator.authenticate(token, { actAs });
    await this.limits.check(CONNECT_LIMIT, actor);
    return actor;
  }
}

/** Validates the `resume` of a client. @throws ValidationError */
export function readResume(resume: unknown): ResumeRequest | undefined {
  if (resume === undefined || resume === null) return undefined;
  if (typeof resume !== 'object') throw ValidationError.of('resume', 'must be an object');
  const { cursor, conversations } = resume as { cursor?: unknown; conversations?: unknown };
  if (cursor !== undefined && (typeof cursor !== 'string' || cursor.length > MAX_CURSOR_LENGTH)) {
    throw ValidationError.of('resume.cursor', `must be text of at most ${MAX_CURSOR_LENGTH} characters`);
  }
  if (conversations === undefined) return { cursor };
  const isMap = typeof conversations === 'object' && conversations !== null && !Array.isArray(conversations);
  if (!isMap || !Object.values(conversations).every((seq) => Number.isSafeInteger(seq) && (seq as number) >= 0)) {
    throw ValidationError.of('resume.conversations', 'must be an object of positions');
  }
  return { cursor, conversations: conversations as Record<string, number> };
}
