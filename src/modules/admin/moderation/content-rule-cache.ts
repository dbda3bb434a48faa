import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Bus } from '../../../platform/realtime/bus/bus.js';
import {
  ContentModerator,
  type ContentVerdict,
  type HeldSend,
  type Holding,
} from '../../messages/content-moderator.policy.js';
import { ContentRulesRepository, INSTALLATION } from './content-rules.repository.js';
import { HeldMessagesRepository } from './held-messages.repository.js';
import { type RuleMatches, masked, CompiledRules } from './compiled-rules.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';

const TOPIC = 'content_rules';
const RECONCILE_EVERY_MS = 2000;
/** Rule sets of conversations that are kept ready; the others are read when somebody writes there. */
const READY_MAX = 1000;

/**
 * The rules as this process knows them. It always knows which conversations have any: where there is none, and none for
 * the installation, a text costs one look into a map. A change on another node is known through the bus within
 * milliseconds, and within two seconds when the bus has lost it.
 */
@Injectable()
export class ContentRuleCache extends ContentModerator implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly unread = new RepeatedWarning(
    new Logger(ContentRuleCache.name),
    'the content rules could not be read',
    {
      over: 'the content rules are read again',
    },
  );
  private readonly versions = new Map<string, number>();
  private readonly ready = new Map<string, CompiledRules>();
  /** Sends that came while rules were read wait for the same reading, and so keep their order. */
  private readonly reading = new Map<string, Promise<CompiledRules>>();
  private known = 0;
  private installation: CompiledRules | undefined;
  private refreshing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

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

  /** Nothing is judged before all rules are known. @throws ServiceUnavailable */
  async onApplicationBootstrap(): Promise<void> {
    await this.refresh();
    this.timer = setInterval(() => this.refreshSoon(), RECONCILE_EVERY_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  evaluate(conversationId: string, text: string): ContentVerdict | undefined | Promise<ContentVerdict | undefined> {
    if (this.versions.size === 0) return undefined;
    if (!this.versions.has(conversationId))
      return this.installation && verdictOf(text, this.installation.evaluate(text));
    const own = this.ready.get(conversationId);
    if (own) return this.both(text, own);
    return this.readOnce(conversationId).then((rules) => this.both(text, rules));
  }

  defer(send: HeldSend, verdict: ContentVerdict & { kind: 'hold' }): Promise<Holding> {
    return this.held.hold(send, verdict);
  }

  /** After a change of this process: it is known here when this is answered, and soon everywhere. */
  async changed(): Promise<void> {
    await this.refreshing?.catch(() => undefined);
    await this.refresh();
    this.bus.publish({ kind: 'changed', topic: TOPIC });
  }

  /** Reads what changed since. @throws ServiceUnavailable */
  refresh(): Promise<void> {
    this.refreshing ??= this.readChanges().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private both(text: string, own: CompiledRules): ContentVerdict | undefined {
    return verdictOf(text, this.installation?.evaluate(text), own.evaluate(text));
  }

  private async readChanges(): Promise<void> {
    for (const { scope_id: id, version, has_rules: hasRules } of await this.rules.changedSince(this.known)) {
      if (id === INSTALLATION) {
        this.installation = hasRules ? new CompiledRules(await this.rules.ofScope(null)) : undefined;
      }
      this.ready.delete(id);
      if (hasRules) this.versions.set(id, version);
      else this.versions.delete(id);
      this.known = version;
    }
  }

  private readOnce(conversationId: string): Promise<CompiledRules> {
    let reading = this.reading.get(conversationId);
    if (!reading) {
      reading = this.read(conversationId).finally(() => this.reading.delete(conversationId));
      this.reading.set(conversationId, reading);
    }
    return reading;
  }

  private async read(conversationId: string): Promise<CompiledRules> {
    const version = this.versions.get(conversationId);
    const rules = new CompiledRules(await this.rules.ofScope(conversationId));
    if (version === undefined || this.versions.get(conversationId) !== version) return rules;
    const [oldest] = this.ready.keys();
    if (this.ready.size >= READY_MAX && oldest !== undefined) this.ready.delete(oldest);
    this.ready.set(conversationId, rules);
    return rules;
  }

  private refreshSoon(): void {
    this.unread.watch(() => this.refresh()).catch(() => undefined);
  }
}

/** The strictest of what two scopes say; what is held by the installation's rules is for its moderators alone. */
function verdictOf(text: string, installation: RuleMatches | undefined, own?: RuleMatches): ContentVerdict | undefined {
  const rejects = installation?.rejects ?? own?.rejects;
  if (rejects) return { kind: 'reject', reason: rejects.reason };
  if (installation?.holds) return { kind: 'hold', ruleId: installation.holds.id, queue: 'installation' };
  if (own?.holds) return { kind: 'hold', ruleId: own.holds.id, queue: 'conversation' };
  const masks = [...(installation?.masks ?? []), ...(own?.masks ?? [])];
  return masks.length > 0 ? { kind: 'mask', content: masked(text, masks) } : undefined;
}
