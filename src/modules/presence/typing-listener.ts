import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import type { Signal } from '../../platform/realtime/fan-out/broadcaster.js';
import { Bus } from '../../platform/realtime/bus/bus.js';
import { FanOut } from '../../platform/realtime/fan-out/fan-out.js';
import { TypingChanged } from './presence.events.js';
import { TypingService } from './typing.service.js';

/**
 * Notifies `TypingService` of typing that started on other nodes, and of the events that end it. `onCommit`: the node
 * that commits a message ends the typing of its sender, which it usually knows from the bus. `observe`: the typing
 * signal may reach that node later than the commit, so the node on which the typing started ends it when the message is
 * dispatched there. A block is not in the log: if the signal is later than the block, the indicator ends after its six
 * seconds.
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
    this.bus.subscribe((busMessage) => {
      if (busMessage.kind === 'stream' && busMessage.signal.type === TypingChanged.type)
        this.onTypingSignal(busMessage);
    });
    this.log.onCommit((events) => {
      for (const event of events) this.typing.endByEvent(event, 'any');
    });
    this.fanOut.observe((event) => this.typing.endByEvent(event, 'local'));
  }

  private onTypingSignal({ streamId, signal }: { readonly streamId: string; readonly signal: Signal }): void {
    const { user_id, user_name, is_typing } = signal.data as { user_id: string; user_name: string; is_typing: boolean };
    this.typing.onRemoteTyping({ userId: user_id, displayName: user_name }, streamId, is_typing);
  }
}
