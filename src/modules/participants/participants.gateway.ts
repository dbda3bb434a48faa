import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { Broadcaster } from '../../platform/realtime/fan-out/broadcaster.js';
import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import { SendsSignal } from '../../platform/realtime/protocol/declared-signals.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { ReadStateDto, MarkFrameDto } from './participants.dto.js';
import {
  CAPABILITIES_CHANGED,
  CapabilitiesData,
  RECEIPT_UPDATED,
  ReadStateChanged,
  ReceiptsData,
  UNREAD_CHANGED,
  UnreadData,
} from './participants.events.js';
import { ReadState } from './read-state.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

/** Socket edge of participants: handles marks, and sends unread counts. */
@Gateway()
@SendsSignal(RECEIPT_UPDATED, ReceiptsData, 'Read and delivery marks of a conversation have changed.')
@SendsSignal(
  UNREAD_CHANGED,
  UnreadData,
  'The unread count of a conversation has changed on another device of the user.',
)
@SendsSignal(CAPABILITIES_CHANGED, CapabilitiesData, 'What the user may do in conversations has changed.')
export class ParticipantsGateway {
  constructor(
    private readonly readState: ReadState,
    private readonly broadcaster: Broadcaster,
  ) {}

  @OnFrame('message.read', MarkFrameDto, {
    limit: CALL_LIMIT,
    summary: 'Marks everything up to a message as read.',
    reply: ReadStateDto,
  })
  markRead({ actor }: LiveConnection, dto: MarkFrameDto): Promise<ReadStateDto> {
    return this.readState.markRead(actor, dto.conversation_id, dto);
  }

  @OnFrame('message.delivered', MarkFrameDto, {
    limit: CALL_LIMIT,
    summary: 'Marks everything up to a message as delivered.',
    reply: ReadStateDto,
  })
  markDelivered({ actor }: LiveConnection, dto: MarkFrameDto): Promise<ReadStateDto> {
    return this.readState.markDelivered(actor, dto.conversation_id, dto);
  }

  /** The other devices of the reader update their unread counts. */
  @OnDomainEvent(ReadStateChanged)
  announceUnread({ moves }: ReadStateChanged): void {
    for (const { conversationId, userId, lastReadNumber, unreadCount, hasReadMoved } of moves) {
      if (!hasReadMoved) continue;
      this.broadcaster.toUsers([userId], {
        type: UNREAD_CHANGED,
        class: 'state',
        key: `unread:${conversationId}`,
        data: { conversation_id: conversationId, unread_count: unreadCount, last_read_number: lastReadNumber },
      });
    }
  }
}
