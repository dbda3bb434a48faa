import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { GUEST_SESSION_ID } from '../../platform/http/guest.js';
import { toActor } from './session-actor.js';
import { SessionsRepository } from './sessions.repository.js';

/** A guest who stays longer comes in anew. */
const STAY_SECONDS = 86_400;

/**
 * Lets people in who have no account, where `GUEST_ACCESS` says so. They share one; limits tell them apart by address.
 */
@Injectable()
export class GuestsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly config: Config,
  ) {}

  /**
   * Somebody at this address, as limits write it.
   * @throws AuthenticationRequired, AccountBanned where no guests are wanted
   */
  async enter(address: string): Promise<Actor> {
    if (this.config.guestAccess === 'off') throw new AuthenticationRequired();
    const state = await this.sessions.findState(GUEST_SESSION_ID);
    if (!state) throw new AuthenticationRequired();
    return { ...toActor(state, Math.floor(Date.now() / 1000) + STAY_SECONDS), rateLimitKey: address };
  }
}
