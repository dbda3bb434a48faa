import { Injectable, Logger, type OnModuleInit, Optional } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { Health } from '../../platform/health/health.js';
import type { Actor } from '../../platform/http/actor.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { FanOut } from '../../platform/realtime/fan-out.js';
import { type SaySpan, sayNothing, Tracing } from '../../platform/tracing/tracing.js';
import { MESSAGE_CREATED } from './messages.events.js';
import type { SentMessage } from './send-message.js';

/** Of the ids, whose end is random, one in sixteen ends so. */
const SAMPLED = '0';
/** Messages handed out that nobody here sent, or whose sender has not been answered yet. */
const MOST_REMEMBERED = 1000;
/** A message handed out that nobody here is answered for by then was sent on another node. */
const FOREIGN_AFTER_MS = 1000;

interface HandOver {
  readonly at: number;
  readonly frames: number;
}

/**
 * Counts sends that are stored (`RefusedSends` counts the others), times them, and lets one message be followed from the request to the sockets by its id: as spans where
 * there is a collector of traces, as lines of the log at level debug. The answer is timed for each, the hand-over to
 * the sockets of this node for one in 16. An event is handed out before its sender is answered, so that moment is
 * remembered until the send comes back with the id.
 */
@Injectable()
export class SendMetrics implements OnModuleInit {
  private readonly logger = new Logger('Messages');
  private readonly isLogged: boolean;
  /** When each send was taken that is not answered yet, oldest first. */
  private readonly inFlight = new Set<{ readonly at: number }>();
  private stored = 0;
  private readonly handedOver = new Map<string, HandOver>();

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
    this.metrics.read('parley_sends_in_flight', () => [{ value: this.inFlight.size }]);
    this.metrics.read('parley_oldest_send_seconds', () => [{ value: this.oldestMs / 1000 }]);
    this.health?.measure('total_messages_processed', () => this.stored);
    const { isFollowed } = this;
    this.fanOut.observe(({ type, subjectId }, frames) => {
      if (type === MESSAGE_CREATED && subjectId && (isFollowed || subjectId.endsWith(SAMPLED))) {
        this.remember(subjectId, frames, isFollowed);
      }
    });
  }

  private get oldestMs(): number {
    const [oldest] = this.inFlight;
    return oldest ? performance.now() - oldest.at : 0;
  }

  private get isFollowed(): boolean {
    return this.isLogged || this.tracing.isOn;
  }

  /** Runs one send. @throws whatever it throws */
  follow(actor: Actor, conversationId: string, send: () => Promise<SentMessage>): Promise<SentMessage> {
    if (!this.tracing.isOn) return this.count(actor, send, sayNothing);
    const facts = { 'parley.conversation_id': conversationId, 'parley.request_id': actor.requestId };
    return this.tracing.span('message.send', facts, (say) => this.count(actor, send, say));
  }

  private async count(actor: Actor, send: () => Promise<SentMessage>, say: SaySpan): Promise<SentMessage> {
    const taken = performance.now();
    const waiting = { at: taken };
    this.inFlight.add(waiting);
    try {
      const sent = await send();
      if (sent.isReplay) this.metrics.count('parley_sends_total', { outcome: 'replayed' });
      else this.succeeded(sent, taken);
      if (this.isFollowed) this.tell(actor, sent, { taken, say });
      return sent;
    } finally {
      this.inFlight.delete(waiting);
    }
  }

  private succeeded({ message: { id } }: SentMessage, taken: number): void {
    this.stored++;
    this.metrics.count('parley_sends_total', { outcome: 'stored' });
    this.metrics.observe('parley_send_ack_seconds', (performance.now() - taken) / 1000);
    if (!id.endsWith(SAMPLED)) return;
    const handOver = this.handedOver.get(id);
    if (handOver) this.metrics.observe('parley_delivery_seconds', (handOver.at - taken) / 1000);
    if (!this.isFollowed) this.handedOver.delete(id);
  }

  /** The line and the spans by which the message can be found again. */
  private tell(
    actor: Actor,
    { message, isReplay }: SentMessage,
    { taken, say }: { taken: number; say: SaySpan },
  ): void {
    const { id, conversation_id, seq } = message;
    const handOver = this.handedOver.get(id);
    this.handedOver.delete(id);
    const frames = handOver?.frames ?? 0;
    if (this.isLogged) {
      const ms = Math.round(performance.now() - taken);
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
    say({ 'parley.message_id': id, 'parley.seq': seq });
    if (handOver) this.enterDelivery(id, handOver);
  }

  private remember(id: string, frames: number, isFollowed: boolean): void {
    if (this.handedOver.size >= MOST_REMEMBERED) this.handedOver.clear();
    const handOver = { at: performance.now(), frames };
    this.handedOver.set(id, handOver);
    if (isFollowed) setTimeout(() => this.cameFromElsewhere(id, handOver), FOREIGN_AFTER_MS).unref();
  }

  private cameFromElsewhere(id: string, handOver: HandOver): void {
    if (this.handedOver.get(id) !== handOver) return;
    this.handedOver.delete(id);
    if (this.isLogged)
      this.logger.debug('message of another node handed over', { message_id: id, frames: handOver.frames });
    this.enterDelivery(id, handOver);
  }

  private enterDelivery(id: string, { at, frames }: HandOver): void {
    this.tracing.enter(
      'message.deliver',
      { 'parley.message_id': id, 'parley.frames': frames },
      { begun: at, ended: at },
    );
  }
}
