import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { Subscriptions } from './subscriptions.js';
import { SubscribeFrameDto, UnsubscribeFrameDto } from './sync.dto.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

/** Socket edge of subscriptions: the conversations a connection receives events of. */
@Gateway()
export class SubscriptionsGateway {
  constructor(private readonly subscriptions: Subscriptions) {}

  @OnFrame('subscribe', SubscribeFrameDto, {
    limit: CALL_LIMIT,
    scope: 'messages:read',
    summary: 'Subscribes to a conversation, optionally from a position',
  })
  subscribe(connection: LiveConnection, dto: SubscribeFrameDto): Promise<object> {
    return this.subscriptions.subscribe(connection, dto);
  }

  @OnFrame('unsubscribe', UnsubscribeFrameDto, {
    limit: CALL_LIMIT,
    scope: 'messages:read',
    summary: 'Unsubscribes from a conversation',
  })
  unsubscribe(connection: LiveConnection, dto: UnsubscribeFrameDto): object {
    return this.subscriptions.unsubscribe(connection, dto);
  }
}
