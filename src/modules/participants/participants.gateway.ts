import type { OnModuleInit } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventCatalogue } from '../../platform/event-log/event-catalogue.js';
import type { PresentedEvent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { Broadcaster } from '../../platform/realtime/fan-out/broadcaster.js';
import { Gateway, OnFrame } from '../../platform/realtime/commands/frames.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { ParticipantEventRenderer } from './participant-event-renderer.js';
import { MarkFrameDto, type MarkedDto } from './participants.dto.js';
import { ReadStateChanged, PARTICIPANT_JOINED, PARTICIPANT_LEFT, PARTICIPANT_UPDATED } from './participants.events.js';
import { ReadState } from './read-state.js';

/** Socket edge of participants: handles marks; sends joined, left and updated events and unread counts. */
@Gateway()
export class ParticipantsGateway implements OnModuleInit {
  constructor(
    private readonly readState: ReadState,
    private readonly renderer: ParticipantEventRenderer,
    private readonly catalogue: EventCatalogue,
    private readonly events: DomainEvents,
    private readonly broadcaster: Broadcaster,
  ) {}

  onModuleInit(): void {
    const present = (events: StreamEvent[]): Promise<(PresentedEvent | undefined)[]> => this.renderer.present(events);
    this.catalogue.declare(
      { type: PARTICIPANT_JOINED, present, membership: 'enters' },
      { type: PARTICIPANT_LEFT, present, membership: 'leaves' },
      { type: PARTICIPANT_UPDATED, present },
    );
    this.events.on(ReadStateChanged, (event) => this.announceUnread(event));
  }

  @OnFrame('message.read', MarkFrameDto, { limit: 'call', summary: 'Marks everything up to a message as read.' })
  read({ actor }: LiveConnection, dto: MarkFrameDto): Promise<MarkedDto> {
    return this.readState.read(actor, dto.conversation_id, dto);
  }

  @OnFrame('message.delivered', MarkFrameDto, {
    limit: 'call',
    summary: 'Marks everything up to a message as delivered.',
  })
  deliver({ actor }: LiveConnection, dto: MarkFrameDto): Promise<MarkedDto> {
    return this.readState.deliver(actor, dto.conversation_id, dto);
  }

  /** The other devices of the reader update their unread counts. */
  private announceUnread({ moves }: ReadStateChanged): void {
    for (const { conversationId, userId, lastReadSeq, unreadCount, hasReadMoved } of moves) {
      if (!hasReadMoved) continue;
      this.broadcaster.toUsers([userId], {
        type: 'unread.changed',
        class: 'state',
        key: `unread:${conversationId}`,
        data: { conversation_id: conversationId, unread_count: unreadCount, last_read_seq: lastReadSeq },
      });
    }
  }
}
