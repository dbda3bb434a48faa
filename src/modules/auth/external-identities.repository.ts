import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

/** The user of a token: the one of this identity or, if there is none, the one with this external id. */
export interface ExternalIdentity {
  /** Undefined for a token that the host signs. */
  readonly issuer: string | undefined;
  readonly subject: string;
  /** The id of the user in the host product. */
  readonly externalId: string | undefined;
}

/** A session that a token of an identity provider or of the host opens. */
export interface ExternalSession {
  readonly id: string;
  readonly userId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** The key that signed the token; undefined for a token of an identity provider. */
  readonly signedBy: string | undefined;
}

interface FoundUser {
  readonly id: string;
  readonly is_deleted: boolean;
  readonly is_deactivated: boolean;
}

const LINK = statement<unknown>(
  'auth.link_identity',
  `insert into external_identities (issuer, subject, user_id) values ($1, $2, $3) on conflict do nothing`,
);

const FIND = statement<FoundUser>(
  'auth.find_identity',
  `select u.id, u.deleted_at is not null as is_deleted, u.deactivated_at is not null as is_deactivated from users u
    where u.id = coalesce((select i.user_id from external_identities i where i.issuer = $1 and i.subject = $2),
                          (select e.id from users e where e.external_id = $3))`,
);

const LOCK_KEY = statement<unknown>(
  'auth.lock_signing_key',
  `select from server_keys k
    where k.id = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
      and not exists (select from sessions s where s.id = k.id and s.revoked_at is not null)
      for share of k`,
);

const OPEN_SESSION = statement<unknown>(
  'auth.open_external_session',
  `insert into sessions (id, user_id, user_agent, expires_at, issued_by)
   select $1, u.id, case when $5::uuid is null then 'identity provider' else 'host product' end, $4, $5
     from users u
    where u.id = $2 and u.deleted_at is null and u.deactivated_at is null
      and not exists (select from refused_tokens r where r.user_id = u.id and r.issued_before > $3)
      and not exists (select from external_identities i where i.user_id = u.id and i.tokens_from > $3)
      for key share of u
   on conflict (id) do update
      set expires_at = greatest(sessions.expires_at, excluded.expires_at), last_used_at = now()
    where sessions.user_id = excluded.user_id`,
);

const REFUSE_OLDER = statement<unknown>(
  'auth.refuse_older_tokens',
  `insert into refused_tokens (user_id, issued_before) values ($1, now())
   on conflict (user_id) do update set issued_before = excluded.issued_before`,
);

/** A process of the former version reads this column. */
const REFUSE_OLDER_OF_PROVIDERS = statement<unknown>(
  'auth.refuse_older_tokens_of_providers',
  `update external_identities set tokens_from = now() where user_id = $1`,
);

/**
 * Owns: external_identities, refused_tokens; also inserts sessions, which auth owns as well. Reads: users, server_keys.
 */
@Injectable()
export class ExternalIdentitiesRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns false when the identity already belongs to a user. */
  async link(tx: Queryable, identity: { issuer: string; subject: string; userId: string }): Promise<boolean> {
    return (await tx.run(LINK, [identity.issuer, identity.subject, identity.userId])) === 1;
  }

  /** Returns the user of a token, also a deleted or deactivated one; undefined if there never was one. */
  find({ issuer, subject, externalId }: ExternalIdentity): Promise<FoundUser | undefined> {
    return this.sql.one(FIND, [issuer, subject, externalId]);
  }

  /** Locks a key against being revoked until the end of the transaction. Returns whether it is active. */
  async lockKey(tx: Queryable, keyId: string): Promise<boolean> {
    return (await tx.one(LOCK_KEY, [keyId])) !== undefined;
  }

  /**
   * Creates or extends the session of a token, under the lock of the user's stream; a revoked one stays revoked.
   * Returns false when a logout has ended everything that was issued by then.
   */
  async openSession(tx: Queryable, session: ExternalSession): Promise<boolean> {
    const { id, userId, issuedAt, expiresAt, signedBy } = session;
    return (await tx.run(OPEN_SESSION, [id, userId, issuedAt, expiresAt, signedBy])) === 1;
  }

  /**
   * Tokens issued before now no longer open sessions of this user, also those never seen before. Under the lock of the
   * user's stream.
   */
  async refuseOlderTokens(tx: Queryable, userId: string): Promise<void> {
    await tx.run(REFUSE_OLDER, [userId]);
    await tx.run(REFUSE_OLDER_OF_PROVIDERS, [userId]);
  }
}
