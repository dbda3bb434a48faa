import { Injectable, Logger, type OnModuleInit, Optional } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { Health } from '../../platform/health/health.js';
import type { Actor } from '../../platform/identity/actor.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { FanOut } from '../../platform/realtime/fan-out/fan-out.js';
import { type SetSpanAttributes, ignoreAttributes, Tracing } from '../../platform/tracing/tracing.js';
import { MESSAGE_CREATED } from './messages.events.js';
import type { SentMessage } from './send-message.js';

/** The last digit of an id is random: one id in 16 ends with this one. */
const SAMPLED_SUFFIX = '0';
/** Deliveries remembered of messages that were sent on another node, or whose send is not answered yet. */
const DELIVERIES_MAX = 1000;
/** A delivered message whose send has not returned on this node by then was sent on another node. */
const REMOTE_AFTER_MS = 1000;

interface LocalDelivery {
  readonly at: number;
  readonly frames: number;
}

/**
 * Counts and times the sends that are stored (`RefusedSends` counts the others), and traces one message by its id from
 * the request to the sockets: as spans if traces are collected, as log lines at level debug. The time until the
 * response is measured for every send, the time until delivery to the sockets of this node for one send in 16. An event
 * is delivered before its send returns, so the time of the delivery is stored until the send returns with the id.
 */
@Injectable()
export class SendMetrics implements OnModuleInit {
  private readonly logger = new Logger('Messages');
  private readonly isLogged: boolean;
  /** The start time of each send that is not answered yet, oldest first. */
  private readonly inFlight = new Set<{ readonly at: number }>();
  private stored = 0;
  private readonly deliveries = new Map<string, LocalDelivery>();

  constructor(
    private readonly metrics: Metrics,
    private readonly fanOut: FanOut,
    private readonly tracing: Tracing,
    { logLevel }: Config,
    /** Processes without HTTP have none. */
    @Optional() private readonly health?: Health,
  ) {
    this.isLogged = logLevel === 'debug' || logLevel === 'trace';
  }

  onModuleInit(): void {
    for (const outcome of ['stored', 'replayed']) this.metrics.count('parley_sends_total', { outcome }, 0);
    this.metrics.registerCallback('parley_sends_in_flight', () => [{ value: this.inFlight.size }]);
    this.metrics.registerCallback('parley_oldest_send_seconds', () => [{ value: this.oldestMs / 1000 }]);
    this.health?.registerMetric('total_messages_processed', () => this.stored);
    const { isTraced } = this;
    this.fanOut.observe(({ type, subjectId }, frames) => {
      if (type === MESSAGE_CREATED && subjectId && (isTraced || subjectId.endsWith(SAMPLED_SUFFIX))) {
        this.recordDelivery(subjectId, frames, isTraced);
      }
    });
  }

  private get oldestMs(): number {
    const [oldest] = this.inFlight;
    return oldest ? performance.now() - oldest.at : 0;
  }

  private get isTraced(): boolean {
    return this.isLogged || this.tracing.isEnabled;
  }

  /** Runs and measures one send. @throws as `send` */
  track(actor: Actor, conversationId: string, send: () => Promise<SentMessage>): Promise<SentMessage> {
    if (!this.tracing.isEnabled) return this.measure(actor, send, ignoreAttributes);
    const attributes = { 'parley.conversation_id': conversationId, 'parley.request_id': actor.requestId };
    return this.tracing.span('message.send', attributes, (setAttributes) => this.measure(actor, send, setAttributes));
  }

  private async measure(
    actor: Actor,
    send: () => Promise<SentMessage>,
    setAttributes: SetSpanAttributes,
  ): Promise<SentMessage> {
    const startedAt = performance.now();
    const entry = { at: startedAt };
    this.inFlight.add(entry);
    try {
      const sent = await send();
      if (sent.isReplay) this.metrics.count('parley_sends_total', { outcome: 'replayed' });
      else this.onStored(sent, startedAt);
      if (this.isTraced) this.trace(actor, sent, { startedAt, setAttributes });
      return sent;
    } finally {
      this.inFlight.delete(entry);
    }
  }

  private onStored({ message: { id } }: SentMessage, startedAt: number): void {
    this.stored++;
    this.metrics.count('parley_sends_total', { outcome: 'stored' });
    this.metrics.observe('parley_send_ack_seconds', (performance.now() - startedAt) / 1000);
    if (!id.endsWith(SAMPLED_SUFFIX)) return;
    const delivery = this.deliveries.get(id);
    if (delivery) this.metrics.observe('parley_delivery_seconds', (delivery.at - startedAt) / 1000);
    if (!this.isTraced) this.deliveries.delete(id);
  }

  /** Writes the log line and the span attributes by which the message can be found. */
  private trace(
    actor: Actor,
    { message, isReplay }: SentMessage,
    { startedAt, setAttributes }: { startedAt: number; setAttributes: SetSpanAttributes },
  ): void {
    const { id, conversation_id, seq } = message;
    const delivery = this.deliveries.get(id);
    this.deliveries.delete(id);
    const frames = delivery?.frames ?? 0;
    if (this.isLogged) {
      const ms = Math.round(performance.now() - startedAt);
      const request_id = actor.requestId;
      this.logger.debug('message sent', {
        message_id: id,
        request_id,
        conversation_id,
        seq,
        ms,
        frames,
        replay: isReplay,
      });
    }
    setAttributes({ 'parley.message_id': id, 'parley.seq': seq });
    if (delivery) this.addDeliverySpan(id, delivery);
  }

  private recordDelivery(id: string, frames: number, isTraced: boolean): void {
    if (this.deliveries.size >= DELIVERIES_MAX) this.deliveries.clear();
    const delivery = { at: performance.now(), frames };
    this.deliveries.set(id, delivery);
    if (isTraced) setTimeout(() => this.onRemoteMessage(id, delivery), REMOTE_AFTER_MS).unref();
  }

  private onRemoteMessage(id: string, delivery: LocalDelivery): void {
    if (this.deliveries.get(id) !== delivery) return;
    this.deliveries.delete(id);
    if (this.isLogged)
      this.logger.debug('message of another node delivered', { message_id: id, frames: delivery.frames });
    this.addDeliverySpan(id, delivery);
  }

  private addDeliverySpan(id: string, { at, frames }: LocalDelivery): void {
    this.tracing.record(
      'message.deliver',
      { 'parley.message_id': id, 'parley.frames': frames },
      { begun: at, ended: at },
    );
  }
}
