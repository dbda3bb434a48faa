import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { newId } from '../../platform/database/ids.js';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { type Scope, SERVER_KEY_PREFIX } from '../../platform/identity/server-key.js';
import { throwProblems } from '../../platform/validation/input-rules.js';
import { cleanName } from '../../platform/validation/text.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';
import { UsersPolicy } from '../users/users.policy.js';
import { ServerKeyNotFound, TooManyServerKeys } from './auth.errors.js';
import { encryptWith, hashSecret, newSecret } from './secrets.js';
import { problemsOfServerKey } from './server-key-fields.policy.js';
import type { CreateServerKeyDto, ServerKeyDto, ServerKeyListDto, ServerKeyWithSecretDto } from './server-keys.dto.js';
import { type ServerKeyRow, ServerKeysRepository } from './server-keys.repository.js';
import { SigningKeysRepository } from './signing-keys.repository.js';
import { SessionRevocation } from './session-revocation.js';

/** Every call finds its key by its id, so the number costs nothing; it bounds the list, which has no pages. */
const MAX_KEYS = 1000;

/**
 * Creates, lists and revokes server keys, for admins and for the operator's command line. Each change is a write under
 * the lock of the system account and is recorded in the audit log.
 */
@Injectable()
export class ServerKeysService {
  constructor(
    private readonly repository: ServerKeysRepository,
    private readonly revocation: SessionRevocation,
    private readonly policy: UsersPolicy,
    private readonly signingKeys: SigningKeysRepository,
    private readonly log: EventLog,
    private readonly config: Config,
  ) {}

  /**
   * Returns the only copy of the secret. `actor` is null for the operator.
   * @throws PermissionDenied, ValidationError, TooManyServerKeys
   */
  async create(actor: Actor | null, dto: CreateServerKeyDto): Promise<ServerKeyWithSecretDto> {
    if (actor) await this.policy.requireRank(actor, 'admin');
    throwProblems(problemsOfServerKey(dto));
    const { kind = 'server', scopes = [] } = dto;
    const [id, secret] = [newId(), newSecret()];
    const key = {
      ...{ id, kind, name: cleanName(dto.name), scopes: [...new Set(scopes)] as Scope[] },
      secretHash: kind === 'server' ? hashSecret(secret) : null,
      secretBox: kind === 'signing' ? encryptWith(this.config.jwtSecret, secret, 'signing key') : null,
      createdBy: actor?.userId ?? null,
      expiresAt: dto.expires_at ? new Date(dto.expires_at) : null,
    };
    const row = await this.log.write(SYSTEM_USER_ID, async (tx) => {
      const current = await this.requireAdmin(tx, actor);
      if ((await this.repository.count(tx)) >= MAX_KEYS) throw new TooManyServerKeys(MAX_KEYS);
      const inserted = await this.repository.insert(tx, key);
      this.audit(tx, { actor: current, action: 'server_key.create', row: inserted });
      return inserted;
    });
    return { ...present(row!), secret: kind === 'server' ? `${SERVER_KEY_PREFIX}${id}_${secret}` : secret };
  }

  /** Newest first, without revoked keys. @throws PermissionDenied */
  async list(actor: Actor | null): Promise<ServerKeyListDto> {
    if (actor) await this.policy.requireRank(actor, 'admin');
    return { data: (await this.repository.list(MAX_KEYS)).map(present) };
  }

  /**
   * When it resolves, no write with the key is accepted on any node, and its connections are being closed everywhere.
   * @throws PermissionDenied, ServerKeyNotFound
   */
  async revoke(actor: Actor | null, id: string): Promise<void> {
    const revocation = { only: id, reason: 'ended_by_admin', actorId: actor?.userId ?? SYSTEM_USER_ID } as const;
    await this.revocation.revoke(SYSTEM_USER_ID, revocation, async (tx) => {
      const current = await this.requireAdmin(tx, actor);
      const row = await this.repository.revoke(tx, id);
      if (!row) throw new ServerKeyNotFound();
      await this.signingKeys.endSessions(tx, id);
      this.audit(tx, { actor: current, action: 'server_key.revoke', row });
    });
  }

  private async requireAdmin(tx: StreamTransaction, actor: Actor | null): Promise<Actor | null> {
    return actor && this.policy.requireRank(actor, 'admin', tx);
  }

  private audit(
    tx: StreamTransaction,
    { actor, action, row }: { actor: Actor | null; action: string; row: ServerKeyRow },
  ): void {
    const { id, kind, name, scopes } = row;
    const [target, facts] = [
      { type: 'server_key', id },
      { name, kind, scopes },
    ];
    const reason = actor ? undefined : 'by the command line';
    tx.audit({ actor, action, target, reason, ...(action.endsWith('create') ? { after: facts } : { before: facts }) });
  }
}

function present(row: ServerKeyRow): ServerKeyDto {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    scopes: row.scopes,
    created_at: row.created_at.toISOString(),
    created_by: row.created_by,
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    last_used_ip: row.last_used_ip || null,
  };
}
