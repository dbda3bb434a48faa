import { Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { toDeclaredError } from '../../platform/errors/error.filter.js';
import { Health } from '../../platform/health/health.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { FanOut } from '../../platform/realtime/fan-out.js';
import { MESSAGE_CREATED } from './messages.events.js';
import type { SentMessage } from './send-message.js';

/** Of the ids, whose end is random, one in sixteen ends so. */
const SAMPLED = '0';
/** Sampled messages handed out that nobody here sent, or whose sender has not been answered yet. */
const MOST_REMEMBERED = 1000;

/**
 * Counts sends and times them: to the answer each, to the sockets of this node one in 16. The event is handed out
 * before the sender is answered, so its moment is remembered until the send comes back with the id.
 */
@Injectable()
export class SendTraffic implements OnModuleInit {
  private inFlight = 0;
  private stored = 0;
  private replayed = 0;
  private readonly refused = new Map<string, number>();
  private readonly handedOverAt = new Map<string, number>();

  constructor(
    private readonly metrics: Metrics,
    private readonly fanOut: FanOut,
    /** Processes without HTTP have none. */
    @Optional() private readonly health?: Health,
  ) {}

  onModuleInit(): void {
    this.metrics.read('parley_sends_total', () => [
      { value: this.stored, labels: { outcome: 'stored' } },
      { value: this.replayed, labels: { outcome: 'replayed' } },
      ...[...this.refused].map(([outcome, value]) => ({ value, labels: { outcome } })),
    ]);
    this.metrics.read('parley_sends_in_flight', () => [{ value: this.inFlight }]);
    this.health?.measure('total_messages_processed', () => this.stored);
    this.fanOut.observe(({ type, subjectId }) => {
      if (type === MESSAGE_CREATED && subjectId?.endsWith(SAMPLED)) this.remember(subjectId);
    });
  }

  /** Runs one send. @throws whatever it throws */
  async follow(send: () => Promise<SentMessage>): Promise<SentMessage> {
    const taken = performance.now();
    this.inFlight++;
    try {
      const sent = await send();
      if (sent.isReplay) this.replayed++;
      else this.succeeded(sent.message.id, taken);
      return sent;
    } catch (error) {
      const { code } = toDeclaredError(error);
      this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
      throw error;
    } finally {
      this.inFlight--;
    }
  }

  private succeeded(id: string, taken: number): void {
    this.stored++;
    this.metrics.observe('parley_send_ack_seconds', (performance.now() - taken) / 1000);
    if (!id.endsWith(SAMPLED)) return;
    const handedOver = this.handedOverAt.get(id);
    if (handedOver === undefined) return;
    this.handedOverAt.delete(id);
    this.metrics.observe('parley_delivery_seconds', (handedOver - taken) / 1000);
  }

  private remember(id: string): void {
    if (this.handedOverAt.size >= MOST_REMEMBERED) this.handedOverAt.clear();
    this.handedOverAt.set(id, performance.now());
  }
}
