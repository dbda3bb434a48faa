import { Gateway, OnFrame } from '../../platform/realtime/commands/frames.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { RoomMessages } from './room-messages.js';
import type { RoomsCodec } from './rooms.codec.js';
import { RoomsHeartbeatFrameDto, RoomsTextFrameDto } from './rooms.dto.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

/** Commands of this dialect's sockets. */
@Gateway('rooms')
export class RoomsGateway {
  constructor(private readonly messages: RoomMessages) {}

  @OnFrame('text_message', RoomsTextFrameDto, {
    limit: MESSAGE_SEND_LIMIT,
    isSend: true,
    summary: 'Sends a message to a room',
  })
  send({ actor, codec }: LiveConnection, dto: RoomsTextFrameDto): Promise<void> {
    return this.messages.send(actor, codec as RoomsCodec, dto);
  }

  @OnFrame('heartbeat', RoomsHeartbeatFrameDto, { limit: CALL_LIMIT, summary: 'Returns a heartbeat' })
  beat(_connection: LiveConnection, { sequence }: RoomsHeartbeatFrameDto): object {
    return sequence === undefined ? {} : { sequence };
  }
}
