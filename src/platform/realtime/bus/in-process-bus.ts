import { Bus, type BusMessage } from './bus.js';

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

  override hasOthers(): Promise<boolean> {
    return Promise.resolve(this.hub.size > 1);
  }

  receive(message: BusMessage): void {
    this.dispatch(message);
  }
}
