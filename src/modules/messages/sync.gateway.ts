import { Gateway, OnFrame } from '../../platform/realtime/frames.js';
import type { LiveConnection } from '../../platform/realtime/live-connection.js';
import { Subscriptions } from './subscriptions.js';
import { SubscribeFrameDto, UnsubscribeFrameDto } from './sync.dto.js';

/** Socket edge of the log: which conversations a connection hears of. */
@Gateway()
export class SyncGateway {
  constructor(private readonly subscriptions: Subscriptions) {}

  @OnFrame('subscribe', SubscribeFrameDto, { limit: 'call', summary: 'Hears of a conversation, from a position on' })
  subscribe(connection: LiveConnection, dto: SubscribeFrameDto): Promise<object> {
    return this.subscriptions.subscribe(connection, dto);
  }

  @OnFrame('unsubscribe', UnsubscribeFrameDto, { limit: 'call', summary: 'Hears no more of a conversation' })
  unsubscribe(connection: LiveConnection, dto: UnsubscribeFrameDto): object {
    return this.subscriptions.unsubscribe(connection, dto);
  }
}
