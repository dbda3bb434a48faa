import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import type { Signal } from '../../platform/realtime/broadcaster.js';
import { Bus } from '../../platform/realtime/bus/bus.js';
import { FanOut } from '../../platform/realtime/fan-out.js';
import { TypingChanged } from './presence.events.js';
import { TypingService } from './typing.service.js';

/**
 * Tells `TypingService` of typing that began at other nodes, and of the events that end it. The node that commits a
 * message knows who types, from the bus, a moment before; should it have come too late, the node where the typing began
 * sees the message handed out.
 */
@Injectable()
export class TypingListener implements OnModuleInit {
  constructor(
    private readonly typing: TypingService,
    private readonly bus: Bus,
    private readonly log: EventLog,
    private readonly fanOut: FanOut,
  ) {}

  onModuleInit(): void {
    this.bus.subscribe((message) => {
      if (message.kind === 'stream' && message.signal.type === TypingChanged.type) this.hear(message);
    });
    this.log.onCommit((events) => {
      for (const event of events) this.typing.endWith(event, 'anywhere');
    });
    this.fanOut.observe((event) => this.typing.endWith(event, 'here'));
  }

  private hear({ streamId, signal }: { readonly streamId: string; readonly signal: Signal }): void {
    const { user_id, user_name, is_typing } = signal.data as { user_id: string; user_name: string; is_typing: boolean };
    this.typing.heard({ userId: user_id, displayName: user_name }, streamId, is_typing);
  }
}
