import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { AuthenticationRequired } from '../../../platform/errors/app-error.js';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { WebhookValidator } from '../webhook-validator.js';
import { AskBeforeSend } from './ask-before-send.js';
import { BeforeSendHookCache } from './before-send-hook-cache.js';
import type {
  BeforeSendHookDto,
  BeforeSendHookWithSecretDto,
  CurrentBeforeSendHookDto,
  SetBeforeSendHookDto,
} from './before-send.dto.js';
import { type BeforeSendHookRow, BeforeSendRepository } from './before-send.repository.js';

const DEFAULT_TIMEOUT_MS = 1000;
const ALL_MESSAGES = 100;

/** Manages the hook that checks messages before they are stored; for admins. Changes are audited. */
@Injectable()
export class BeforeSendService {
  constructor(
    private readonly repository: BeforeSendRepository,
    private readonly validator: WebhookValidator,
    private readonly users: UsersPolicy,
    private readonly log: EventLog,
    private readonly cache: BeforeSendHookCache,
    private readonly asking: AskBeforeSend,
  ) {}

  /** @throws PermissionDenied */
  async get(actor: Actor): Promise<CurrentBeforeSendHookDto> {
    await this.users.requireRank(actor, 'admin');
    const row = await this.repository.find();
    return { hook: row ? this.present(row) : null };
  }

  /**
   * Replaces the hook. It is effective on this node when this returns, and on every node soon after. Only the response
   * to a new secret contains it. @throws ValidationError, PermissionDenied
   */
  async set(actor: Actor, dto: SetBeforeSendHookDto): Promise<BeforeSendHookWithSecretDto> {
    const url = (await this.validator.validate(dto))!;
    const { row, secret } = await this.change(actor, async (tx) => {
      const before = await this.repository.find(tx);
      const id = before?.id ?? newId();
      const created = before && dto.secret === undefined ? undefined : this.validator.createSecret(id, dto.secret);
      await this.repository.set(tx, {
        id,
        url: url.href,
        secret_box: created?.ciphertext ?? before!.secret_box,
        timeout_ms: dto.timeout_ms ?? DEFAULT_TIMEOUT_MS,
        on_failure: dto.on_failure,
        conversation_types: dto.applies_to?.conversation_types ?? null,
        message_types: dto.applies_to?.message_types ?? null,
        sample: dto.applies_to?.sample ?? ALL_MESSAGES,
        updated_by: actor.userId,
      });
      const row = (await this.repository.find(tx))!;
      audit(tx, actor, 'before_send_hook.set', { before, after: row });
      return { row, secret: created?.secret ?? null };
    });
    return { ...this.present(row), secret };
  }

  /** Without a hook it has no effect. @throws PermissionDenied */
  async delete(actor: Actor): Promise<void> {
    await this.change(actor, async (tx) => {
      const before = await this.repository.find(tx);
      if (!before) return;
      await this.repository.delete(tx);
      audit(tx, actor, 'before_send_hook.delete', { before });
    });
  }

  private async change<T>(actor: Actor, work: (tx: StreamTransaction) => Promise<T>): Promise<T> {
    const done = await this.log.write(actor.userId, async (tx) => {
      await this.users.requireRank(actor, 'admin', tx);
      await this.repository.lock(tx);
      return { result: await work(tx) };
    });
    if (!done) throw new AuthenticationRequired();
    await this.cache.applyChange();
    return done.result;
  }

  private present(row: BeforeSendHookRow): BeforeSendHookDto {
    const { conversation_types, message_types, sample } = row;
    return {
      url: row.url,
      timeout_ms: row.timeout_ms,
      on_failure: row.on_failure,
      applies_to: {
        ...(conversation_types && { conversation_types }),
        ...(message_types && { message_types }),
        ...(sample < ALL_MESSAGES && { sample }),
      },
      previous_secret_until: row.previous_secret_box ? row.previous_secret_until!.toISOString() : null,
      is_circuit_open: this.asking.isCircuitOpen,
      created_at: row.created_at.toISOString(),
      updated_at: row.updated_at.toISOString(),
    };
  }
}

/** Of the URL only the host is recorded, because the rest may be secret. */
function audit(
  tx: StreamTransaction,
  actor: Actor,
  action: string,
  { before, after }: { before?: BeforeSendHookRow; after?: BeforeSendHookRow },
): void {
  const facts = ({ url, on_failure, timeout_ms, ...row }: BeforeSendHookRow): Record<string, unknown> => ({
    host: new URL(url).host,
    on_failure,
    timeout_ms,
    conversation_types: row.conversation_types,
    message_types: row.message_types,
    sample: row.sample,
  });
  const target = { type: 'before_send_hook', id: (after ?? before)!.id };
  tx.audit({ actor, action, target, before: before && facts(before), after: after && facts(after) });
}
