import { Logger } from '@nestjs/common';
import type { SystemRole } from '../../http/actor.js';
import type { Signal } from '../broadcaster.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';

/** What nodes tell each other. Nothing of it is needed for a promise about durable events: those are in the log. */
export type BusMessage =
  /** These streams have got that far. */
  | { readonly kind: 'heads'; readonly heads: readonly (readonly [streamId: string, seq: number])[] }
  /** Something nodes keep a copy of is another by now. */
  | { readonly kind: 'changed'; readonly topic: string }
  | { readonly kind: 'stream'; readonly streamId: string; readonly signal: Signal }
  | { readonly kind: 'users'; readonly userIds: readonly string[]; readonly signal: Signal }
  | {
      readonly kind: 'end_sessions';
      readonly userId: string;
      readonly sessionIds: readonly string[];
      readonly reason: EndReason;
    }
  /** The session keys of this user are good for nothing any more. */
  | { readonly kind: 'end_keys'; readonly userId: string }
  | { readonly kind: 'role'; readonly userId: string; readonly role: SystemRole }
  | { readonly kind: 'end_user'; readonly userId: string; readonly reason: EndReason };

export type EndReason = 'revoked' | 'banned' | 'replaced';

export type BusListener = (message: BusMessage) => void;

/**
 * Between the nodes, at most once and in no order: losing any of it only adds latency. `publish` never waits and never
 * throws; what a node publishes does not come back to it.
 */
export abstract class Bus {
  private readonly listeners: BusListener[] = [];
  protected readonly logger = new Logger('Bus');
  /** Without it events of other nodes arrive by the sweep. */
  protected readonly absence = new RepeatedWarning(this.logger, 'no bus; events of other nodes arrive by the sweep', {
    over: 'the bus is back',
  });
  private readonly unusable = new RepeatedWarning(this.logger, 'a message from another node could not be used', {
    level: 'error',
  });

  abstract publish(message: BusMessage): void;

  /** Connects in the background; a bus that cannot connect keeps trying. */
  start(): void {
    return;
  }

  async stop(): Promise<void> {
    return;
  }

  /** Whether the nodes hear of each other now. */
  get isConnected(): boolean {
    return true;
  }

  /** Whether another process listens, as far as is known: a client might find another node to go to. */
  hasOthers(): Promise<boolean> {
    return Promise.resolve(false);
  }

  subscribe(listener: BusListener): void {
    this.listeners.push(listener);
  }

  protected dispatch(message: BusMessage): void {
    for (const listener of this.listeners) {
      try {
        listener(message);
      } catch (error) {
        this.unusable.failed({ err: error, kind: message.kind });
      }
    }
  }
}
