import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { newId } from '../../platform/database/ids.js';
import { AuthenticationRequired, ServiceUnavailable } from '../../platform/errors/app-error.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { isOfficialName } from '../../platform/validation/reserved-usernames.js';
import { cleanName } from '../../platform/validation/text.js';
import { foldEmail } from '../../platform/validation/login-name.js';
import { proposeUsername, withRandomSuffix } from '../users/user-fields.policy.js';
import { AccountDeactivated, UsernameOrEmailTaken } from '../users/users.errors.js';
import { UsersService } from '../users/users.service.js';
import { AccountDeleted, ExternalUserUnknown } from './auth.errors.js';
import { ExternalIdentitiesRepository } from './external-identities.repository.js';
import type { ExternalClaims } from './external-tokens.js';

const MAX_ATTEMPTS = 8;

/** A concurrent login has just created the user of this identity. */
class AlreadyLinked extends Error {}

/** Creates sessions and users for tokens of an identity provider. */
@Injectable()
export class ExternalLogin {
  constructor(
    private readonly identities: ExternalIdentitiesRepository,
    private readonly users: UsersService,
    private readonly log: EventLog,
    private readonly config: Config,
  ) {}

  /**
   * Ensures that the session of the token exists, and its user.
   * @throws AuthenticationRequired, AccountDeleted, ExternalUserUnknown
   */
  async ensureSession(claims: ExternalClaims): Promise<void> {
    const session = { ...claims, id: claims.sessionId };
    if (await this.identities.openSession(session)) return;
    const identity = await this.identities.find(claims.issuer, claims.subject);
    if (identity?.is_deleted) throw new AccountDeleted();
    if (identity?.is_deactivated) throw new AccountDeactivated();
    if (!identity && this.config.externalUsers === 'reject') throw new ExternalUserUnknown();
    if (!identity) await this.register(claims);
    // Repeated also when the identity is known: another node may have created it between the two statements.
    if (!(await this.identities.openSession(session))) throw new AuthenticationRequired();
  }

  /**
   * An email that another account already has is omitted and never links to that account: a claim of the provider about
   * an email is not a login here.
   */
  private async register(claims: ExternalClaims): Promise<void> {
    const base = proposeUsername(claims);
    let username = base;
    let email = claims.email && foldEmail(claims.email);
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
      try {
        await this.create(claims, { username, email: email ?? null });
        return;
      } catch (error) {
        if (error instanceof AlreadyLinked) return;
        if (!(error instanceof UsernameOrEmailTaken)) throw error;
        if (error.details.field === 'email') email = undefined;
        else username = withRandomSuffix(base);
      }
    }
    throw new ServiceUnavailable();
  }

  private async create(claims: ExternalClaims, names: { username: string; email: string | null }): Promise<void> {
    const id = newId();
    const name = [...cleanName(claims.name ?? '')].slice(0, 80).join('').trim();
    const displayName = name === '' || isOfficialName(name) ? names.username : name;
    await this.log.create(id, async (tx) => {
      await this.users.create(tx, { id, ...names, displayName, role: 'user' });
      const isLinked = await this.identities.link(tx, { ...claims, userId: id });
      if (!isLinked) throw new AlreadyLinked();
    });
  }
}
