import { Injectable } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { PermissionDenied, ValidationError } from '../../platform/errors/app-error.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { hostNameOf } from '../../platform/http/host-names.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../platform/pagination/page.js';
import { UsersPolicy } from '../users/users.policy.js';
import { WebhookValidator } from './webhook-validator.js';
import { presentWebhook } from './webhook-presenter.js';
import { problemOfEvents } from './webhook-fields.policy.js';
import type {
  CreateWebhookDto,
  RotateSecretDto,
  UpdateWebhookDto,
  WebhookDto,
  WebhookPageQuery,
  WebhookWithSecretDto,
} from './webhooks.dto.js';
import { WebhookDisabled, WebhookNotFound } from './webhooks.errors.js';
import { WebhooksChanged } from './webhooks.events.js';
import { WebhooksRepository, type WebhookRow, type WebhookScope, type WebhookViewer } from './webhooks.repository.js';

/**
 * Manages webhooks: a user's own, and for admins also those with the scope all. Any other webhook is WebhookNotFound.
 */
@Injectable()
export class WebhooksService {
  constructor(
    private readonly repository: WebhooksRepository,
    private readonly users: UsersPolicy,
    private readonly validator: WebhookValidator,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /**
   * Only this result contains the secret. Nothing is sent to the URL until it has passed a challenge.
   * @throws ValidationError, PermissionDenied, TooManyWebhooks, TooManyWebhooksForHost, RateLimitExceeded
   */
  async create(actor: Actor, dto: CreateWebhookDto): Promise<WebhookWithSecretDto> {
    const scope = dto.scope ?? 'own';
    const url = (await this.validator.validate(dto))!;
    const events = [...new Set(dto.events)];
    const id = newId();
    const { secret, ciphertext } = this.validator.createSecret(id, dto.secret);
    const row = await this.inTransactionWithChallenge(actor, url, async (tx, current) => {
      if (scope === 'all' && !current.isAdmin) throw new PermissionDenied('Only admins may use the scope all.');
      this.validator.requireQuota(await this.repository.count(tx, actor.userId));
      const isTrusted = await this.requireHostQuota(tx, url, current);
      const description = dto.description ?? '';
      const webhook = {
        id,
        userId: actor.userId,
        scope,
        url,
        events,
        description,
        encryptedSecret: ciphertext,
        isTrusted,
      };
      await this.repository.insert(tx, webhook);
      const row = await this.requireWebhook(current, id, tx);
      auditChange(tx, actor, 'webhook.create', { after: row });
      return row;
    });
    this.events.publish(new WebhooksChanged());
    return { ...presentWebhook(row), secret };
  }

  /** Newest first. */
  async list(actor: Actor, { limit = DEFAULT_PAGE_SIZE, cursor }: WebhookPageQuery): Promise<Page<WebhookDto>> {
    const [after] = cursor === undefined ? [] : (decodeCursor(cursor, ['uuid']) as [string]);
    const rows = await this.repository.page(await this.viewerOf(actor), after, limit);
    return toPage(rows, limit, presentWebhook, ({ id }) => [id]);
  }

  /** @throws WebhookNotFound */
  async get(actor: Actor, id: string): Promise<WebhookDto> {
    return presentWebhook(await this.requireWebhook(await this.viewerOf(actor), id));
  }

  /**
   * A new URL is challenged like that of a new webhook. Enabling a webhook with an unverified URL sends a new
   * challenge. A new URL also enables a webhook that was disabled for a failed challenge.
   * @throws WebhookNotFound, ValidationError, TooManyWebhooksForHost, RateLimitExceeded
   */
  async update(actor: Actor, id: string, dto: UpdateWebhookDto): Promise<WebhookDto> {
    // Whether the events fit the scope is checked under the lock.
    const url = await this.validator.validate({ ...dto, scope: 'all' });
    const before = await this.requireWebhook(await this.viewerOf(actor), id);
    const row = await this.inTransactionWithChallenge(actor, urlToVerify(before, url, dto), async (tx, current) => {
      const webhook = await this.requireWebhook(current, id, tx);
      const changedUrl = urlToVerify(webhook, url, dto);
      const isTrusted = changedUrl ? await this.requireHostQuota(tx, changedUrl, current, webhook) : false;
      const events = dto.events && requireEvents(dto.events, webhook.scope);
      await this.repository.update(tx, id, { url, events, description: dto.description });
      if (changedUrl) await this.repository.resetVerification(tx, id, isTrusted);
      const isEnabled = dto.is_active ?? (changedUrl !== undefined && webhook.disabled_why === 'unverified');
      if (isEnabled) await this.repository.enable(tx, id);
      if (dto.is_active === false) await this.repository.disable(tx, id, 'owner');
      const row = await this.requireWebhook(current, id, tx);
      auditChange(tx, actor, 'webhook.update', { before: webhook, after: row });
      return row;
    });
    this.events.publish(new WebhooksChanged());
    return presentWebhook(row);
  }

  /**
   * Sends another challenge; does nothing if the URL is verified.
   * @throws WebhookNotFound, WebhookDisabled, RateLimitExceeded
   */
  async requestVerification(actor: Actor, id: string): Promise<WebhookDto> {
    const before = requireUnverified(await this.requireWebhook(await this.viewerOf(actor), id));
    if (before.verified_at) return presentWebhook(before);
    const row = await this.inTransactionWithChallenge(actor, new URL(before.url), async (tx, current) => {
      const webhook = requireUnverified(await this.requireWebhook(current, id, tx));
      if (webhook.verified_at) return webhook;
      await this.repository.resetVerification(tx, id, this.validator.isTrusted(new URL(webhook.url), current));
      if (webhook.disabled_at) await this.repository.enable(tx, id);
      return this.requireWebhook(current, id, tx);
    });
    this.events.publish(new WebhooksChanged());
    return presentWebhook(row);
  }

  /** Deletes the webhook with its deliveries. @throws WebhookNotFound */
  async delete(actor: Actor, id: string): Promise<void> {
    await this.inTransaction(actor, async (tx, current) => {
      const webhook = await this.requireWebhook(current, id, tx);
      await this.repository.delete(tx, id);
      auditChange(tx, actor, 'webhook.delete', { before: webhook });
    });
  }

  /**
   * Deletes all webhooks of a user inside the caller's transaction. The caller calls `announceDeletion` after its
   * commit.
   */
  async deleteAllOf(tx: StreamTransaction, userId: string): Promise<void> {
    await this.repository.deleteAll(tx, userId);
  }

  announceDeletion(): void {
    this.events.publish(new WebhooksChanged());
  }

  /** The previous secret also signs for 24 hours. @throws WebhookNotFound, ValidationError */
  async rotateSecret(actor: Actor, id: string, dto: RotateSecretDto): Promise<WebhookWithSecretDto> {
    const { secret, ciphertext } = this.validator.createSecret(id, dto.secret);
    const row = await this.inTransaction(actor, async (tx, current) => {
      const webhook = await this.requireWebhook(current, id, tx);
      await this.repository.rotate(tx, id, ciphertext);
      auditChange(tx, actor, 'webhook.rotate_secret', { before: webhook });
      return this.requireWebhook(current, id, tx);
    });
    return { ...presentWebhook(row), secret };
  }

  /** Returns a webhook that the viewer may manage. @throws WebhookNotFound */
  async requireWebhook(viewer: WebhookViewer, id: string, tx?: StreamTransaction): Promise<WebhookRow> {
    const row = await this.repository.find(viewer, id, tx);
    if (!row) throw new WebhookNotFound();
    return row;
  }

  /** For reads: the actor with their current role. @throws AuthenticationRequired, AccountBanned */
  async viewerOf(actor: Actor): Promise<WebhookViewer> {
    return toViewer(await this.users.requireActive(undefined, actor));
  }

  /**
   * For writes: under the lock of the actor's own stream, with their current role.
   * @throws AuthenticationRequired, AccountBanned
   */
  async inTransaction<T>(
    actor: Actor,
    work: (tx: StreamTransaction, current: WebhookViewer) => Promise<T>,
  ): Promise<T> {
    const written = await this.log.write(actor.userId, async (tx) => {
      const current = await this.users.requireActive(tx, actor);
      return { result: await work(tx, toViewer(current)) };
    });
    if (!written) throw new WebhookNotFound();
    return written.result;
  }

  /** As `inTransaction`. With a URL, which will be challenged unless it is trusted, it counts against the limits. */
  private inTransactionWithChallenge<T>(
    actor: Actor,
    url: URL | undefined,
    work: (tx: StreamTransaction, current: WebhookViewer) => Promise<T>,
  ): Promise<T> {
    const change = (): Promise<T> => this.inTransaction(actor, work);
    return !url || this.validator.isTrusted(url, toViewer(actor))
      ? change()
      : this.validator.countChallenge(actor, url, change);
  }

  /**
   * Returns whether the URL is trusted. Otherwise requires room at its host; the actor's lock excludes concurrent
   * changes.
   */
  private async requireHostQuota(
    tx: StreamTransaction,
    url: URL,
    viewer: WebhookViewer,
    webhook?: WebhookRow,
  ): Promise<boolean> {
    if (this.validator.isTrusted(url, viewer)) return true;
    const host = hostNameOf(url);
    if (webhook?.target_host !== host) {
      this.validator.requireHostQuota(host, await this.repository.countAtHost(tx, viewer.userId, host));
    }
    return false;
  }
}

/** The URL that needs a challenge after a change: a new one, or an unverified one whose webhook is enabled again. */
function urlToVerify({ url, ...row }: WebhookRow, newUrl: URL | undefined, dto: UpdateWebhookDto): URL | undefined {
  if (newUrl && newUrl.href !== url) return newUrl;
  const isEnabledUnverified = dto.is_active === true && row.disabled_at !== null && row.verified_at === null;
  return isEnabledUnverified ? new URL(url) : undefined;
}

/** A webhook that was disabled for another reason is challenged when it is enabled. */
function requireUnverified(row: WebhookRow): WebhookRow {
  if (row.disabled_at && row.disabled_why !== 'unverified') throw new WebhookDisabled();
  return row;
}

function toViewer({ userId, role }: Actor): WebhookViewer {
  return { userId, isAdmin: role === 'admin' };
}

/**
 * Audits changes of webhooks with the scope all; those with the scope own are no privilege. Of the URL only the host is
 * recorded, because the rest may be secret.
 */
function auditChange(
  tx: StreamTransaction,
  actor: Actor,
  action: string,
  { before, after }: { before?: WebhookRow; after?: WebhookRow },
): void {
  const webhook = (after ?? before)!;
  if (webhook.scope !== 'all') return;
  const facts = ({ user_id, url, events, disabled_at }: WebhookRow): Record<string, unknown> => ({
    owner_id: user_id,
    host: new URL(url).host,
    events,
    is_active: disabled_at === null,
  });
  const target = { type: 'webhook', id: webhook.id };
  tx.audit({ actor, action, target, before: before && facts(before), after: after && facts(after) });
}

/** @throws ValidationError */
function requireEvents(events: string[], scope: WebhookScope): string[] {
  const problem = problemOfEvents(events, scope);
  if (problem) throw ValidationError.of('events', problem);
  return [...new Set(events)];
}
