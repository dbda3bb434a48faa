import { OnDomainEvent } from '../../../platform/event-log/domain-events.js';
import { Gateway, OnFrame } from '../../../platform/realtime/commands/gateway.decorators.js';
import type { LiveConnection } from '../../../platform/realtime/connection/live-connection.js';
import { Broadcaster } from '../../../platform/realtime/fan-out/broadcaster.js';
import { SendsSignal } from '../../../platform/realtime/protocol/declared-signals.js';
import { MESSAGE_SEND_LIMIT } from '../messages.limits.js';
import { SendEphemeralMessageFrameDto, SentEphemeralMessageDto } from './ephemeral-messages.dto.js';
import { EphemeralMessageData, EphemeralMessageSent } from './ephemeral-messages.events.js';
import { EphemeralMessagesService } from './ephemeral-messages.service.js';

/** Socket edge of messages that are not stored. */
@Gateway()
@SendsSignal(
  EphemeralMessageSent.type,
  EphemeralMessageData,
  'A message that is not stored. Who is offline does not receive it, also not later.',
)
export class EphemeralMessagesGateway {
  constructor(
    private readonly ephemeral: EphemeralMessagesService,
    private readonly broadcaster: Broadcaster,
  ) {}

  @OnFrame('message.send_ephemeral', SendEphemeralMessageFrameDto, {
    limit: MESSAGE_SEND_LIMIT,
    scope: 'messages:write',
    summary: 'Sends a message to those who are connected now, without storing it',
    reply: SentEphemeralMessageDto,
  })
  send(
    { actor }: LiveConnection,
    { conversation_id, ...dto }: SendEphemeralMessageFrameDto,
  ): Promise<SentEphemeralMessageDto> {
    return this.ephemeral.send(actor, conversation_id, dto);
  }

  @OnDomainEvent(EphemeralMessageSent)
  announce({ type, data, receiverIds }: EphemeralMessageSent): void {
    const signal = { type, class: 'ephemeral', data } as const;
    if (receiverIds) this.broadcaster.toUsers([...receiverIds], signal);
    else this.broadcaster.toStream(data.conversation_id, signal);
  }
}
