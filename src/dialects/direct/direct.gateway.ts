import { Injectable } from '@nestjs/common';
import { TypingService } from '../../modules/presence/typing.service.js';
import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { DirectMessages } from './direct-messages.js';
import { DIRECT_PROTOCOL, type DirectClient, DirectCodec } from './direct.codec.js';
import { DirectPingFrameDto, DirectSendDto, DirectTypingFrameDto } from './direct.dto.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { TYPING_LIMIT } from '../../modules/presence/presence.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';
import { DeliveryReceipts } from '../../modules/participants/implicit-receipts.js';
import { ReadState } from '../../modules/participants/read-state.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { SocketUpgradeHandler, IdentifiedClient } from '../../platform/realtime/transport/codec-sockets.js';
import { credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { DIRECT_LIMITS } from './direct.limits.js';

export const DIRECT_SOCKET_PATH = /^(?:\/v1)?\/ws\/?$/;

/** Opens `/ws`, with a token in the query or a header. */
@Injectable()
export class DirectUpgradeHandler implements SocketUpgradeHandler<DirectClient> {
  constructor(
    private readonly handshake: Handshake,
    private readonly readState: ReadState,
  ) {}

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded */
  async identify({ request, url }: Upgrade): Promise<IdentifiedClient<DirectClient>> {
    const actor = await this.handshake.identify(credentialOf(request, url.searchParams), DIRECT_LIMITS);
    if (!actor) throw new AuthenticationRequired();
    return { actor, context: { userId: actor.userId, receipts: DeliveryReceipts.forActor(actor, this.readState) } };
  }

  codec({ url }: Upgrade, client: DirectClient | undefined): DirectCodec {
    return new DirectCodec(url.searchParams.get('ext') === '1', client);
  }
}

/** Commands of this dialect's sockets, in the same format as its events. */
@Gateway(DIRECT_PROTOCOL)
export class DirectGateway {
  constructor(
    private readonly messages: DirectMessages,
    private readonly typing: TypingService,
  ) {}

  @OnFrame('message', DirectSendDto, {
    limit: MESSAGE_SEND_LIMIT,
    isSend: true,
    summary: 'Sends a message, like POST /api/messages',
  })
  async send({ actor }: LiveConnection, dto: DirectSendDto): Promise<void> {
    await this.messages.send(actor, dto);
  }

  @OnFrame('typing', DirectTypingFrameDto, { limit: TYPING_LIMIT, summary: 'Starts or stops the typing indicator' })
  setTyping({ actor }: LiveConnection, { conversation_id, is_typing = true }: DirectTypingFrameDto): Promise<void> {
    return is_typing ? this.typing.start(actor, conversation_id) : this.typing.stop(actor, conversation_id);
  }

  @OnFrame('ping', DirectPingFrameDto, { limit: CALL_LIMIT, summary: 'Returns pong' })
  ping(): object {
    return {};
  }
}
