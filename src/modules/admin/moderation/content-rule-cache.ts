import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeating } from '../../../platform/concurrency/repeating.js';
import { Bus } from '../../../platform/realtime/bus/bus.js';
import {
  ContentRules,
  type ContentVerdict,
  type HeldSend,
  type HoldCause,
  type HoldResult,
} from '../../messages/content-rules.port.js';
import { ContentRulesRepository, INSTALLATION } from './content-rules.repository.js';
import { HeldMessagesRepository } from './held-messages.repository.js';
import { type RuleMatches, maskSpans, CompiledRules } from './compiled-rules.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';

const TOPIC = 'content_rules';
const RECONCILE_EVERY_MS = 2000;
/** Compiled rule sets of conversations in memory; others are read at the next message there. */
const CACHE_MAX = 1000;

/**
 * The content rules in memory. The cache always knows which conversations have rules: without rules there and for the
 * installation, a text costs one map look-up. A change on another node arrives by the bus within milliseconds, or
 * within two seconds if the bus has lost it.
 */
@Injectable()
export class ContentRuleCache extends ContentRules implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly warning = new RepeatedWarning(
    new Logger(ContentRuleCache.name),
    'the content rules could not be read',
    {
      recovered: 'the content rules are read again',
    },
  );
  /** The version of the rules of each conversation that has rules. */
  private readonly versions = new Map<string, number>();
  private readonly compiled = new Map<string, CompiledRules>();
  /** Sends that arrive while rules are being read wait for the same read, which preserves their order. */
  private readonly loading = new Map<string, Promise<CompiledRules>>();
  private knownVersion = 0;
  private installation: CompiledRules | undefined;
  private refreshing: Promise<void> | undefined;
  private reconciling: Repeating | undefined;

  constructor(
    private readonly rules: ContentRulesRepository,
    private readonly held: HeldMessagesRepository,
    private readonly bus: Bus,
  ) {
    super();
    bus.subscribe((message) => {
      if (message.kind === 'changed' && message.topic === TOPIC) this.refreshSoon();
    });
  }

  /** Does not evaluate any text before all rules are loaded. @throws ServiceUnavailable */
  async onApplicationBootstrap(): Promise<void> {
    await this.refresh();
    this.reconciling = Repeating.every(RECONCILE_EVERY_MS, () => this.refresh(), { warning: this.warning });
  }

  async onModuleDestroy(): Promise<void> {
    await this.reconciling?.stop();
  }

  evaluate(conversationId: string, text: string): ContentVerdict | undefined | Promise<ContentVerdict | undefined> {
    if (this.versions.size === 0) return undefined;
    if (!this.versions.has(conversationId))
      return this.installation && verdictOf(text, this.installation.evaluate(text));
    const own = this.compiled.get(conversationId);
    if (own) return this.evaluateBoth(text, own);
    return this.loadRules(conversationId).then((rules) => this.evaluateBoth(text, rules));
  }

  hold(send: HeldSend, cause: HoldCause): Promise<HoldResult> {
    return this.held.hold(send, cause);
  }

  /** Applies a change that this process has stored: here before it returns, and soon on all nodes. */
  async applyChange(): Promise<void> {
    await this.refreshing?.catch(() => undefined);
    await this.refresh();
    this.bus.publish({ kind: 'changed', topic: TOPIC });
  }

  /** Reads the changes since the last refresh. @throws ServiceUnavailable */
  refresh(): Promise<void> {
    this.refreshing ??= this.readChanges().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private evaluateBoth(text: string, own: CompiledRules): ContentVerdict | undefined {
    return verdictOf(text, this.installation?.evaluate(text), own.evaluate(text));
  }

  private async readChanges(): Promise<void> {
    for (const { scope_id: id, version, has_rules: hasRules } of await this.rules.changedSince(this.knownVersion)) {
      if (id === INSTALLATION) {
        this.installation = hasRules ? new CompiledRules(await this.rules.ofScope(null)) : undefined;
      }
      this.compiled.delete(id);
      if (hasRules) this.versions.set(id, version);
      else this.versions.delete(id);
      this.knownVersion = version;
    }
  }

  private loadRules(conversationId: string): Promise<CompiledRules> {
    let loading = this.loading.get(conversationId);
    if (!loading) {
      loading = this.readRules(conversationId).finally(() => this.loading.delete(conversationId));
      this.loading.set(conversationId, loading);
    }
    return loading;
  }

  private async readRules(conversationId: string): Promise<CompiledRules> {
    const version = this.versions.get(conversationId);
    const rules = new CompiledRules(await this.rules.ofScope(conversationId));
    if (version === undefined || this.versions.get(conversationId) !== version) return rules;
    const [oldest] = this.compiled.keys();
    if (this.compiled.size >= CACHE_MAX && oldest !== undefined) this.compiled.delete(oldest);
    this.compiled.set(conversationId, rules);
    return rules;
  }

  private refreshSoon(): void {
    this.warning.watch(() => this.refresh()).catch(() => undefined);
  }
}

/**
 * Combines two scopes into the strictest verdict. A message held by a rule of the installation can be reviewed only by
 * its moderators.
 */
function verdictOf(text: string, installation: RuleMatches | undefined, own?: RuleMatches): ContentVerdict | undefined {
  const rejects = installation?.rejects ?? own?.rejects;
  if (rejects) return { kind: 'reject', reason: rejects.reason };
  if (installation?.holds) return { kind: 'hold', ruleId: installation.holds.id, queue: 'installation' };
  if (own?.holds) return { kind: 'hold', ruleId: own.holds.id, queue: 'conversation' };
  const masks = [...(installation?.masks ?? []), ...(own?.masks ?? [])];
  return masks.length > 0 ? { kind: 'mask', content: maskSpans(text, masks) } : undefined;
}
