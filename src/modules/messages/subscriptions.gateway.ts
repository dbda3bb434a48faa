import { Gateway, OnFrame } from '../../platform/realtime/commands/frames.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { Subscriptions } from './subscriptions.js';
import { SubscribeFrameDto, UnsubscribeFrameDto } from './sync.dto.js';

/** Socket edge of subscriptions: the conversations a connection receives events of. */
@Gateway()
export class SubscriptionsGateway {
  constructor(private readonly subscriptions: Subscriptions) {}

  @OnFrame('subscribe', SubscribeFrameDto, {
    limit: 'call',
    summary: 'Subscribes to a conversation, optionally from a position',
  })
  subscribe(connection: LiveConnection, dto: SubscribeFrameDto): Promise<object> {
    return this.subscriptions.subscribe(connection, dto);
  }

  @OnFrame('unsubscribe', UnsubscribeFrameDto, { limit: 'call', summary: 'Unsubscribes from a conversation' })
  unsubscribe(connection: LiveConnection, dto: UnsubscribeFrameDto): object {
    return this.subscriptions.unsubscribe(connection, dto);
  }
}
