import { Logger } from '@nestjs/common';
import type { SystemRole } from '../../identity/actor.js';
import type { Signal } from '../fan-out/broadcaster.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';

/** Messages between nodes. No guarantee about durable events depends on them: those are in the log. */
export type BusMessage =
  /** The new heads of streams. */
  | { readonly kind: 'heads'; readonly heads: readonly (readonly [streamId: string, seq: number])[] }
  /** Data that nodes cache has changed. */
  | { readonly kind: 'changed'; readonly topic: string }
  | { readonly kind: 'stream'; readonly streamId: string; readonly signal: Signal }
  | { readonly kind: 'users'; readonly userIds: readonly string[]; readonly signal: Signal }
  | {
      readonly kind: 'end_sessions';
      readonly userId: string;
      readonly sessionIds: readonly string[];
      readonly reason: EndReason;
    }
  /** This server key is no longer valid, as whichever users it acts. */
  | { readonly kind: 'end_server_key'; readonly keyId: string }
  /** The session keys of this user are no longer valid. */
  | { readonly kind: 'end_keys'; readonly userId: string }
  | { readonly kind: 'role'; readonly userId: string; readonly role: SystemRole }
  | { readonly kind: 'end_user'; readonly userId: string; readonly reason: EndReason };

export type EndReason = 'revoked' | 'banned' | 'replaced';

export type BusListener = (message: BusMessage) => void;

/**
 * Carries messages between the nodes, at most once and in no order. A lost message only adds latency. `publish` never
 * waits and never throws. A node does not receive its own messages.
 */
export abstract class Bus {
  private readonly listeners: BusListener[] = [];
  protected readonly logger = new Logger('Bus');
  /** Without the bus, events of other nodes are found by the reconciler. */
  protected readonly connectionFailures = new RepeatedWarning(
    this.logger,
    'no bus; events of other nodes are found by the reconciler',
    {
      recovered: 'the bus is back',
    },
  );
  private readonly dispatchFailures = new RepeatedWarning(
    this.logger,
    'a message from another node could not be used',
    {
      level: 'error',
    },
  );

  abstract publish(message: BusMessage): void;

  /** Connects in the background, and retries until it succeeds. */
  start(): void {
    return;
  }

  async stop(): Promise<void> {
    return;
  }

  /** Whether the node can send to and receive from others now. */
  get isConnected(): boolean {
    return true;
  }

  /** Whether another process is known to listen, so that a client could move to it. */
  hasPeers(): Promise<boolean> {
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
        this.dispatchFailures.failed({ err: error, kind: message.kind });
      }
    }
  }
}

/** Connects the nodes of one process with each other. With one node, messages have no receiver. */
export class InProcessHub {
  private readonly members: InProcessBus[] = [];

  join(member: InProcessBus): void {
    this.members.push(member);
  }

  get size(): number {
    return this.members.length;
  }

  relay(from: InProcessBus, message: BusMessage): void {
    for (const member of this.members) if (member !== from) member.receive(message);
  }
}

/** The bus of an installation with one process. Tests that run several nodes in one process share a hub. */
export class InProcessBus extends Bus {
  constructor(private readonly hub = new InProcessHub()) {
    super();
    hub.join(this);
  }

  publish(message: BusMessage): void {
    this.hub.relay(this, message);
  }

  override hasPeers(): Promise<boolean> {
    return Promise.resolve(this.hub.size > 1);
  }

  receive(message: BusMessage): void {
    this.dispatch(message);
  }
}
