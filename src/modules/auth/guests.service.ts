import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { GUEST_SESSION_ID } from '../users/guest.constants.js';
import { toActor } from './session-authenticator.js';
import { SessionsRepository } from './sessions.repository.js';

/** A guest session lasts a day; after that the guest is authenticated again. */
const GUEST_SESSION_SECONDS = 86_400;

/**
 * Only for dialects: admits visitors without an account if `GUEST_ACCESS` allows it. They share one account; rate
 * limits distinguish them by IP address.
 */
@Injectable()
export class GuestsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly config: Config,
  ) {}

  /**
   * Returns the actor of a guest with this IP address, in the form of rate limits.
   * @throws AuthenticationRequired, AccountBanned where guests are not allowed
   */
  async authenticateGuest(ipSubject: string): Promise<Actor> {
    if (this.config.guestAccess === 'off') throw new AuthenticationRequired();
    const state = await this.sessions.findState(GUEST_SESSION_ID);
    if (!state) throw new AuthenticationRequired();
    return { ...toActor(state, Math.floor(Date.now() / 1000) + GUEST_SESSION_SECONDS), rateLimitKey: ipSubject };
  }
}
