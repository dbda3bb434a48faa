import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { newId } from '../../platform/database/ids.js';
import type { Queryable } from '../../platform/database/sql.js';
import { AuthenticationRequired, ServiceUnavailable } from '../../platform/errors/app-error.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { mayActAs } from '../../platform/identity/actor.js';
import { httpsUrlOf } from '../../platform/validation/https-url.js';
import { isOfficialName } from '../../platform/validation/reserved-usernames.js';
import { cleanName } from '../../platform/validation/text.js';
import { foldEmail } from '../../platform/validation/login-name.js';
import { DISPLAY_NAME_MAX, proposeUsername, withRandomSuffix } from '../users/user-fields.policy.js';
import { AccountDeactivated, ExternalIdTaken, UsernameOrEmailTaken } from '../users/users.errors.js';
import { type UserClaims, UsersService } from '../users/users.service.js';
import { AccountDeleted, ExternalUserUnknown } from './auth.errors.js';
import { ExternalIdentitiesRepository } from './external-identities.repository.js';
import type { ExternalClaims } from './external-claims.js';
import { SigningKeys } from './signing-keys.js';

const MAX_ATTEMPTS = 8;
const NOT_FOR_THIS_ROLE = {
  reason: 'the key may not sign for an admin, nor, without the scope moderation, for a moderator',
};

/** A concurrent login has just created the user of this identity. */
class AlreadyLinked extends Error {}

/** Creates sessions and users for tokens of an identity provider or of the host. */
@Injectable()
export class ExternalLogin {
  constructor(
    private readonly identities: ExternalIdentitiesRepository,
    private readonly users: UsersService,
    private readonly keys: SigningKeys,
    private readonly log: EventLog,
    private readonly config: Config,
  ) {}

  /**
   * Ensures that the session of the token exists, and its user, with the profile that the token states.
   * @throws AuthenticationRequired, AccountDeleted, ExternalUserUnknown
   */
  async ensureSession(claims: ExternalClaims): Promise<void> {
    const userId = await this.findOrCreateUser(claims);
    const changes = await this.log.write(userId, async (tx) => {
      await this.openSession(tx, userId, claims);
      const user = await this.users.requireUser(userId, tx);
      // Admins create the keys: a key that could sign for them would have every right.
      if (claims.signedBy && !mayActAs(claims.signedBy, user.role)) throw new AuthenticationRequired(NOT_FOR_THIS_ROLE);
      return this.users.applyClaims(tx, user, { ...profileFrom(claims), role: claims.role });
    });
    this.users.announceClaims(userId, changes ?? {});
    if (claims.signedBy) await this.keys.recordUse(claims.signedBy.id);
  }

  /** @throws AuthenticationRequired when a logout or the end of the key has ended what was issued by then */
  private async openSession(tx: Queryable, userId: string, claims: ExternalClaims): Promise<void> {
    const { sessionId: id, issuedAt, expiresAt, signedBy } = claims;
    if (signedBy && !(await this.identities.lockKey(tx, signedBy.id))) throw new AuthenticationRequired();
    const session = { id, userId, issuedAt, expiresAt, signedBy: signedBy?.id };
    if (!(await this.identities.openSession(tx, session))) throw new AuthenticationRequired();
  }

  private async findOrCreateUser(claims: ExternalClaims): Promise<string> {
    let user = await this.identities.find(claims);
    if (!user) {
      if (this.config.externalUsers === 'reject') throw new ExternalUserUnknown();
      await this.register(claims);
      user = await this.identities.find(claims);
    }
    if (user?.is_deleted) throw new AccountDeleted();
    if (user?.is_deactivated) throw new AccountDeactivated();
    if (!user) throw new AuthenticationRequired();
    return user.id;
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
        if (error instanceof AlreadyLinked || error instanceof ExternalIdTaken) return;
        if (!(error instanceof UsernameOrEmailTaken)) throw error;
        if (error.details.field === 'email') email = undefined;
        else username = withRandomSuffix(base);
      }
    }
    throw new ServiceUnavailable();
  }

  private async create(claims: ExternalClaims, names: { username: string; email: string | null }): Promise<void> {
    const id = newId();
    const { issuer, subject, externalId } = claims;
    const displayName = profileFrom(claims).displayName ?? names.username;
    await this.log.create(id, async (tx) => {
      await this.users.create(tx, { id, ...names, externalId, displayName, role: claims.role ?? 'user' });
      // Without an external id, the identity is what finds the user.
      const isLinked = issuer === undefined || (await this.identities.link(tx, { issuer, subject, userId: id }));
      if (!isLinked) throw new AlreadyLinked();
    });
  }
}

/** The profile that a token states. What no profile may have is omitted. */
function profileFrom({ name, picture }: ExternalClaims): UserClaims {
  const displayName = [...cleanName(name ?? '')].slice(0, DISPLAY_NAME_MAX).join('').trim();
  return {
    displayName: displayName === '' || isOfficialName(displayName) ? undefined : displayName,
    avatarUrl: picture === undefined ? undefined : httpsUrlOf(picture),
  };
}
