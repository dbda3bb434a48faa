import { Injectable, Logger, type OnModuleInit, Optional } from '@nestjs/common';
import { CircuitBreaker, CircuitOpen } from '../../../platform/concurrency/circuit-breaker.js';
import { newId } from '../../../platform/database/ids.js';
import { Health } from '../../../platform/health/health.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';
import { Metrics } from '../../../platform/metrics/metrics.js';
import { MAX_BODY_BYTES } from '../../../platform/validation/fields.js';
import { BeforeSendHook, type BeforeSendRequest, type BeforeSendVerdict } from '../../messages/before-send.port.js';
import { WebhookClient } from '../webhook-client.js';
import { signWebhook } from '../webhook-signature.js';
import { MESSAGE_BEFORE_SEND } from '../webhooks.events.js';
import { readAnswer } from './before-send-answer.js';
import { type ActiveHook, BeforeSendHookCache } from './before-send-hook-cache.js';
import { BeforeSendRepository, type MessageKey } from './before-send.repository.js';

/**
 * Failures in a row after which the host is not asked for ten seconds, so that senders do not wait for each timeout.
 */
const CIRCUIT = { failures: 5, openMs: 10_000 };
/** Checks in progress in this process; a further message is one on which the host does not decide. */
const MAX_CONCURRENT = 500;
const HEALTH_COMPONENT = 'before_send_hook';

/** The host has not decided. The message is a code for operators. */
class NoDecision extends Error {}

/**
 * Asks the host about messages: signed like a webhook and sent by the same guarded client. A verdict is stored with the
 * key of its message before it is used. If the host does not decide, the policy of the hook does, and a repeat with the
 * same key asks again, unless a moderator is to decide.
 */
@Injectable()
export class AskBeforeSend extends BeforeSendHook implements OnModuleInit {
  private readonly failures = new RepeatedWarning(
    new Logger(AskBeforeSend.name),
    'the hook before messages are sent does not decide; its failure policy applies',
    { recovered: 'the hook before messages are sent decides again' },
  );
  private circuit = new CircuitBreaker(CIRCUIT);
  private inProgress = 0;

  constructor(
    private readonly cache: BeforeSendHookCache,
    private readonly repository: BeforeSendRepository,
    private readonly client: WebhookClient,
    private readonly metrics: Metrics,
    /** Processes without HTTP have none. */
    @Optional() private readonly health?: Health,
  ) {
    super();
  }

  onModuleInit(): void {
    this.metrics.registerCallback('parley_before_send_circuit_open', () => [{ value: Number(this.isCircuitOpen) }]);
    this.cache.onChange(() => this.onHookChanged());
  }

  get isActive(): boolean {
    return this.cache.current !== undefined;
  }

  get isCircuitOpen(): boolean {
    return this.circuit.isOpen;
  }

  applies({ message_type, body_hash }: { message_type: string; body_hash?: string | null }): boolean {
    const hook = this.cache.current;
    if (!hook || hook.messageTypes?.has(message_type) === false) return false;
    if (hook.share === 1) return true;
    const chance = body_hash ? parseInt(body_hash.slice(0, 8), 16) / 2 ** 32 : Math.random();
    return chance < hook.share;
  }

  appliesIn(conversationType: string): boolean {
    return this.cache.current?.conversationTypes?.has(conversationType) !== false;
  }

  async decide(request: BeforeSendRequest): Promise<BeforeSendVerdict> {
    const hook = this.cache.current;
    if (!hook) return { kind: 'allow' };
    const { bodyHash, message } = request;
    const { client_message_id } = message;
    if (client_message_id === null || bodyHash === null) return this.askOrFail(hook, request);
    const key = { ...message, client_message_id };
    const known = await this.repository.findVerdict(key, bodyHash);
    if (known) return known as BeforeSendVerdict;
    return this.keep(key, bodyHash, await this.askOrFail(hook, request));
  }

  /** Of concurrent checks of one message, all return the verdict that was stored first. */
  private async keep(key: MessageKey, bodyHash: string, verdict: Outcome): Promise<BeforeSendVerdict> {
    if (verdict.isTemporary || (await this.repository.keepVerdict(key, bodyHash, verdict))) return verdict;
    return ((await this.repository.findVerdict(key, bodyHash)) as BeforeSendVerdict | undefined) ?? verdict;
  }

  /** The verdict of the host, or of the failure policy. */
  private async askOrFail(hook: ActiveHook, request: BeforeSendRequest): Promise<Outcome> {
    try {
      const verdict = await this.circuit.run(() => this.ask(hook, request));
      this.failures.worked();
      this.metrics.count('parley_before_send_checks_total', { result: verdict.kind });
      return verdict;
    } catch (error) {
      if (!(error instanceof NoDecision || error instanceof CircuitOpen)) throw error;
      const isSkipped = error instanceof CircuitOpen;
      this.metrics.count('parley_before_send_checks_total', { result: isSkipped ? 'skipped' : 'failed' });
      if (!isSkipped) this.failures.failed({ reason: error.message });
      return outcomeOf(hook);
    }
  }

  /** @throws NoDecision */
  private async ask(hook: ActiveHook, { message, sanitize }: BeforeSendRequest): Promise<BeforeSendVerdict> {
    if (!hook.secrets) throw new NoDecision('secret_unreadable');
    if (this.inProgress >= MAX_CONCURRENT) throw new NoDecision('too_many_checks');
    this.inProgress++;
    try {
      const data = { ...message, ...(await this.repository.hostIds(message)) };
      const at = new Date();
      const signed = signWebhook({ id: newId(), event: MESSAGE_BEFORE_SEND, at, data }, hook.secrets, at);
      const bounds = { timeoutMs: hook.timeoutMs, maxBytes: MAX_BODY_BYTES, maxCharacters: MAX_BODY_BYTES };
      const { error, answer, durationMs } = await this.client.post(hook.url, signed, bounds);
      this.metrics.observe('parley_before_send_seconds', durationMs / 1000);
      if (error !== null) throw new NoDecision(error);
      const verdict = readAnswer(answer ?? '', sanitize);
      if (!verdict) throw new NoDecision('answer_not_understood');
      return verdict;
    } finally {
      this.inProgress--;
    }
  }

  private onHookChanged(): void {
    this.circuit = new CircuitBreaker(CIRCUIT);
    const check = (): void => {
      if (this.isCircuitOpen) throw new Error('The hook before messages are sent has failed several times in a row.');
    };
    this.health?.register(HEALTH_COMPONENT, this.cache.current && check, { isRequired: false });
  }
}

/** A verdict; `isTemporary` if a repeat of the message asks the host again. */
type Outcome = BeforeSendVerdict & { readonly isTemporary?: true };

/** What the failure policy decides. A held message stays held, whatever the host says later. */
function outcomeOf({ onFailure }: ActiveHook): Outcome {
  switch (onFailure) {
    case 'allow':
      return { kind: 'allow', isTemporary: true };
    case 'reject':
      return { kind: 'unavailable', isTemporary: true };
    case 'hold':
      return { kind: 'hold', reason: 'The check of the host did not respond.' };
  }
}
