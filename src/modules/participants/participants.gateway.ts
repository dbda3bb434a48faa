import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import { SendsSignal } from '../../platform/realtime/protocol/declared-signals.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { ReadStateDto, MarkFrameDto } from './participants.dto.js';
import {
  CAPABILITIES_CHANGED,
  CapabilitiesData,
  RECEIPT_UPDATED,
  ReceiptsData,
  UNREAD_CHANGED,
  UnreadData,
} from './participants.events.js';
import { ReadState } from './read-state.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

/** Socket edge of participants: handles marks. */
@Gateway()
@SendsSignal(RECEIPT_UPDATED, ReceiptsData, 'Read and delivery marks of a conversation have changed.')
@SendsSignal(
  UNREAD_CHANGED,
  UnreadData,
  'What is unread in a conversation has changed because the user has read it, or has marked it as unread or muted.',
)
@SendsSignal(CAPABILITIES_CHANGED, CapabilitiesData, 'What the user may do in conversations has changed.')
export class ParticipantsGateway {
  constructor(private readonly readState: ReadState) {}

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
}
