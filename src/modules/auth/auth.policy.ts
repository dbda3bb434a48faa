import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/http/actor.js';
import { UsersPolicy, type ReadingTransaction } from '../users/users.policy.js';

/**
 * Whether whoever asks for a write may act at all, at the moment of the write.
 *
 * A use case calls it first thing inside `EventLog.write`. What the guard knew may be five seconds old; under the lock
 * nothing written after a logout, a ban or a password change has been answered gets in.
 */
@Injectable()
export class ActorPolicy {
  constructor(private readonly users: UsersPolicy) {}

  /** Answers the actor with the role and names of this moment. @throws AuthenticationRequired, AccountBanned */
  requireActive(tx: ReadingTransaction, actor: Actor): Promise<Actor> {
    return this.users.requireActive(tx, actor);
  }
}
