import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeating } from '../../../platform/concurrency/repeating.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';
import { Bus } from '../../../platform/realtime/bus/bus.js';
import { WebhookSecrets } from '../webhook-secrets.js';
import type { FailurePolicy } from './before-send.dto.js';
import { type BeforeSendHookRow, BeforeSendRepository } from './before-send.repository.js';

const TOPIC = 'before_send_hook';
const RECONCILE_EVERY_MS = 2000;

/** The hook as it is used. */
export interface ActiveHook {
  readonly url: string;
  /** Newest first; undefined if they were encrypted with another key. */
  readonly secrets: readonly string[] | undefined;
  readonly timeoutMs: number;
  readonly onFailure: FailurePolicy;
  /** Undefined for all. */
  readonly conversationTypes: ReadonlySet<string> | undefined;
  readonly messageTypes: ReadonlySet<string> | undefined;
  /** The share of messages that are checked, above 0 and up to 1. */
  readonly share: number;
}

/**
 * The hook in memory, so that a send without one reads nothing. A change on another node arrives by the bus within
 * milliseconds, or within two seconds if the bus has lost it.
 */
@Injectable()
export class BeforeSendHookCache implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly warning = new RepeatedWarning(
    new Logger(BeforeSendHookCache.name),
    'the hook before messages are sent could not be read',
    { recovered: 'the hook before messages are sent is read again' },
  );
  private hook: ActiveHook | undefined;
  /** Distinguishes the versions of the hook that were read. */
  private version = '';
  private readonly listeners: (() => void)[] = [];
  private refreshing: Promise<void> | undefined;
  private reconciling: Repeating | undefined;

  constructor(
    private readonly repository: BeforeSendRepository,
    private readonly secrets: WebhookSecrets,
    private readonly bus: Bus,
  ) {
    bus.subscribe((message) => {
      if (message.kind === 'changed' && message.topic === TOPIC)
        this.warning.watch(() => this.refresh()).catch(() => undefined);
    });
  }

  /** Undefined if the installation has no hook. */
  get current(): ActiveHook | undefined {
    return this.hook;
  }

  /** Calls `listener` after each change of the hook, and after the first read. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Accepts no send before the hook is known. @throws ServiceUnavailable */
  async onApplicationBootstrap(): Promise<void> {
    await this.refresh();
    this.reconciling = Repeating.every(RECONCILE_EVERY_MS, () => this.refresh(), { warning: this.warning });
  }

  async onModuleDestroy(): Promise<void> {
    await this.reconciling?.stop();
  }

  /** Applies a change that this process has stored: here before it returns, and soon on all nodes. */
  async applyChange(): Promise<void> {
    await this.refreshing?.catch(() => undefined);
    await this.refresh();
    this.bus.publish({ kind: 'changed', topic: TOPIC });
  }

  private refresh(): Promise<void> {
    this.refreshing ??= this.read().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private async read(): Promise<void> {
    const row = await this.repository.find();
    const version = row ? `${row.id} ${row.updated_at.toISOString()} ${row.previous_secret_box !== null}` : '';
    if (version === this.version) return;
    this.version = version;
    this.hook = row && this.activate(row);
    for (const listener of this.listeners) listener();
  }

  private activate(row: BeforeSendHookRow): ActiveHook {
    return {
      url: row.url,
      secrets: this.secrets.decryptAll({ webhook_id: row.id, ...row }),
      timeoutMs: row.timeout_ms,
      onFailure: row.on_failure,
      conversationTypes: row.conversation_types ? new Set(row.conversation_types) : undefined,
      messageTypes: row.message_types ? new Set(row.message_types) : undefined,
      share: row.sample / 100,
    };
  }
}
