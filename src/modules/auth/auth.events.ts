import { ApiProperty } from '@nestjs/swagger';
import { DomainEvent } from '../../platform/event-log/domain-events.js';

/** Durable, on the user's own stream; the subject is the session, the payload `{reason}`. */
export const SESSION_REVOKED = 'session.revoked';

const REVOCATION_REASONS = [
  'logout',
  'logout_all',
  'removed',
  'password_changed',
  'token_reused',
  'ended_by_admin',
  'account_deleted',
  'account_deactivated',
  'too_many',
] as const;
export type RevocationReason = (typeof REVOCATION_REASONS)[number];

export class SessionRevokedData {
  @ApiProperty({ format: 'uuid' })
  session_id: string;

  @ApiProperty({ enum: REVOCATION_REASONS })
  reason: RevocationReason;
}

/** All session keys of this user have ended, also those of sessions that stay. */
export class SessionKeysEnded extends DomainEvent {
  readonly type = 'session_keys.ended';

  constructor(readonly userId: string) {
    super();
  }
}

/** These sessions have ended; their credentials are no longer accepted. */
export class SessionsRevoked extends DomainEvent {
  readonly type = SESSION_REVOKED;

  constructor(
    readonly userId: string,
    readonly sessionIds: string[],
    readonly reason: RevocationReason,
  ) {
    super();
  }
}
