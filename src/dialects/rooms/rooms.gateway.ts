import { Injectable } from '@nestjs/common';
import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { RoomsMessages } from './rooms-messages.js';
import { ROOMS_PROTOCOL, RoomsCodec, type RoomsClient, createTranslator, type Translate } from './rooms.codec.js';
import { RoomsHeartbeatFrameDto, RoomsTextFrameDto } from './rooms.dto.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';
import { GuestsService } from '../../modules/auth/guests.service.js';
import { RoomSlugCache } from '../../modules/conversations/room-slug-cache.js';
import type { SocketUpgradeHandler, IdentifiedClient } from '../../platform/realtime/transport/codec-sockets.js';
import { credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { SessionKeyStats } from './session-key-stats.js';

export const ROOMS_SOCKET_PATH = /^\/ws\/chat\/?$/;

/** Opens `/ws/chat/`: by token, by session key, or as a guest where guests are allowed. */
@Injectable()
export class RoomsUpgradeHandler implements SocketUpgradeHandler<RoomsClient> {
  private readonly translate: Translate;

  constructor(
    private readonly handshake: Handshake,
    private readonly guests: GuestsService,
    private readonly slugs: RoomSlugCache,
    private readonly stats: SessionKeyStats,
  ) {
    this.translate = createTranslator(slugs);
  }

  /**
   * A client with an invalid credential is refused, not treated as a guest.
   * @throws AuthenticationRequired, AccountBanned, RateLimitExceeded
   */
  async identify({ request, url, ipKey }: Upgrade): Promise<IdentifiedClient<RoomsClient>> {
    await this.slugs.refresh();
    const key = url.searchParams.get('session_id');
    const credential = credentialOf(request, url.searchParams) ?? (key === null ? undefined : { sessionKey: key });
    const actor = await this.handshake.identify(credential);
    if (!actor) return this.identifyGuest(ipKey);
    return { actor, context: credential && 'sessionKey' in credential ? credential : {} };
  }

  codec({ url }: Upgrade, { sessionKey }: RoomsClient = {}): RoomsCodec {
    return new RoomsCodec(this.translate, {
      sessionKey,
      isExtended: url.searchParams.get('ext') === '1',
      onReady: sessionKey === undefined ? undefined : (codec) => this.stats.track(codec),
    });
  }

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded */
  private async identifyGuest(ipKey: string): Promise<IdentifiedClient<RoomsClient>> {
    const actor = await this.guests.authenticateGuest(ipKey);
    await this.handshake.consumeConnectLimit(actor);
    return { actor, context: {} };
  }
}

/** Commands of this dialect's sockets. */
@Gateway(ROOMS_PROTOCOL)
export class RoomsGateway {
  constructor(private readonly messages: RoomsMessages) {}

  @OnFrame('text_message', RoomsTextFrameDto, {
    limit: MESSAGE_SEND_LIMIT,
    isSend: true,
    summary: 'Sends a message to a room',
  })
  send({ actor, codec }: LiveConnection, dto: RoomsTextFrameDto): Promise<void> {
    return this.messages.send(actor, codec as RoomsCodec, dto);
  }

  @OnFrame('heartbeat', RoomsHeartbeatFrameDto, { limit: CALL_LIMIT, summary: 'Returns a heartbeat' })
  heartbeat(_connection: LiveConnection, { sequence }: RoomsHeartbeatFrameDto): object {
    return sequence === undefined ? {} : { sequence };
  }
}
