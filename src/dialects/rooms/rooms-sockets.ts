import { Injectable } from '@nestjs/common';
import { GuestsService } from '../../modules/auth/guests.service.js';
import { RoomNameCache } from '../../modules/conversations/room-name-cache.js';
import type { CodecHandler, IdentifiedClient } from '../../platform/realtime/transport/codec-sockets.js';
import { credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { SessionKeyStats } from './session-key-stats.js';
import { type RoomsClient, RoomsCodec, type Translate, translator } from './rooms.codec.js';

export const ROOMS_SOCKET_PATH = /^\/ws\/chat\/?$/;

/** Opens `/ws/chat/`: by token, by session key, or as a guest where guests are allowed. */
@Injectable()
export class RoomsSockets implements CodecHandler<RoomsClient> {
  private readonly translate: Translate;

  constructor(
    private readonly handshake: Handshake,
    private readonly guests: GuestsService,
    private readonly names: RoomNameCache,
    private readonly stats: SessionKeyStats,
  ) {
    this.translate = translator(names);
  }

  /**
   * A client with an invalid credential is refused, not treated as a guest.
   * @throws AuthenticationRequired, AccountBanned, RateLimitExceeded
   */
  async identify({ request, url, ipKey }: Upgrade): Promise<IdentifiedClient<RoomsClient>> {
    await this.names.refresh();
    const key = url.searchParams.get('session_id');
    const credential = credentialOf(request, url.searchParams) ?? (key === null ? undefined : { sessionKey: key });
    const actor = await this.handshake.identify(credential);
    if (!actor) return this.receiveGuest(ipKey);
    return { actor, context: credential && 'sessionKey' in credential ? credential : {} };
  }

  codec({ url }: Upgrade, { sessionKey }: RoomsClient = {}): RoomsCodec {
    return new RoomsCodec(this.translate, {
      sessionKey,
      isExtended: url.searchParams.get('ext') === '1',
      onReady: sessionKey === undefined ? undefined : (codec) => this.stats.follow(codec),
    });
  }

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded */
  private async receiveGuest(ipKey: string): Promise<IdentifiedClient<RoomsClient>> {
    const actor = await this.guests.enter(ipKey);
    await this.handshake.count(actor);
    return { actor, context: {} };
  }
}
