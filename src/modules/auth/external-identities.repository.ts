import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

/** A session that an identity provider has opened, as described by its token. */
export interface ExternalSession {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

const LINK = statement<unknown>(
  'auth.link_identity',
  `insert into external_identities (issuer, subject, user_id) values ($1, $2, $3) on conflict do nothing`,
);

const FIND = statement<{ is_deleted: boolean; is_deactivated: boolean }>(
  'auth.find_identity',
  `select u.deleted_at is not null as is_deleted, u.deactivated_at is not null as is_deactivated
     from external_identities i join users u on u.id = i.user_id where i.issuer = $1 and i.subject = $2`,
);

const OPEN_SESSION = statement<{ id: string }>(
  'auth.open_external_session',
  `insert into sessions (id, user_id, user_agent, expires_at)
   select $1, i.user_id, 'identity provider', $5
     from external_identities i join users u on u.id = i.user_id
    where i.issuer = $2 and i.subject = $3 and i.tokens_from <= $4 and u.deleted_at is null and u.deactivated_at is null
      for key share of u
   on conflict (id) do update
      set expires_at = greatest(sessions.expires_at, excluded.expires_at), last_used_at = now()
   returning id`,
);

const REFUSE_OLDER = statement<unknown>(
  'auth.refuse_older_tokens',
  `update external_identities set tokens_from = now() where user_id = $1`,
);

/** Owns: external_identities; also inserts sessions, which auth owns as well. Reads: users. */
@Injectable()
export class ExternalIdentitiesRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns false when the identity already belongs to a user. */
  async link(tx: Queryable, identity: { issuer: string; subject: string; userId: string }): Promise<boolean> {
    return (await tx.run(LINK, [identity.issuer, identity.subject, identity.userId])) === 1;
  }

  /** Returns whether the account of an identity is deleted or deactivated; undefined if there never was one. */
  find(issuer: string, subject: string): Promise<{ is_deleted: boolean; is_deactivated: boolean } | undefined> {
    return this.sql.one(FIND, [issuer, subject]);
  }

  /**
   * Creates or extends the session of a token; a revoked one stays revoked. Returns false when the identity is unknown,
   * or when a logout has ended everything that was issued by then.
   */
  async openSession({ id, issuer, subject, issuedAt, expiresAt }: ExternalSession): Promise<boolean> {
    return (await this.sql.one(OPEN_SESSION, [id, issuer, subject, issuedAt, expiresAt])) !== undefined;
  }

  /** Tokens issued before now no longer open sessions of this user, also those never seen before. */
  async refuseOlderTokens(tx: Queryable, userId: string): Promise<void> {
    await tx.run(REFUSE_OLDER, [userId]);
  }
}
