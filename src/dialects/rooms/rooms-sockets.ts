import { Injectable, type OnModuleInit } from '@nestjs/common';
import { GuestsService } from '../../modules/auth/guests.service.js';
import { RoomNameCache } from '../../modules/conversations/room-name-cache.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CodecSockets } from '../../platform/realtime/transport/codec-sockets.js';
import { credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { SessionKeyStats } from './session-key-stats.js';
import { RoomsCodec, translator } from './rooms.codec.js';
import { presentError } from './rooms.errors.js';

const ADDRESS = /^\/ws\/chat\/?$/;

/** Opens `/ws/chat/`: by token, by session key, or as a guest where guests are allowed. */
@Injectable()
export class RoomsSockets implements OnModuleInit {
  constructor(
    private readonly sockets: CodecSockets,
    private readonly handshake: Handshake,
    private readonly guests: GuestsService,
    private readonly names: RoomNameCache,
    private readonly stats: SessionKeyStats,
  ) {}

  onModuleInit(): void {
    const translate = translator(this.names);
    this.sockets.register({
      takes: (path) => ADDRESS.test(path),
      codec: ({ url }) => new RoomsCodec(translate, url.searchParams.get('ext') === '1'),
      identify: (upgrade, codec) => this.identify(upgrade, codec),
      present: presentError,
    });
  }

  /**
   * A client with an invalid credential is refused, not treated as a guest.
   * @throws AuthenticationRequired, AccountBanned, RateLimitExceeded
   */
  private async identify({ request, url, ipKey }: Upgrade, codec: RoomsCodec): Promise<Actor> {
    await this.names.refresh();
    const key = url.searchParams.get('session_id');
    const credential = credentialOf(request, url.searchParams) ?? (key === null ? undefined : { sessionKey: key });
    const known = await this.handshake.identify(credential);
    if (!known) return this.receive(await this.guests.enter(ipKey));
    if (credential && 'sessionKey' in credential) {
      codec.sessionId = credential.sessionKey;
      codec.onReady = () => this.stats.follow(codec);
    }
    return known;
  }

  private async receive(guest: Actor): Promise<Actor> {
    await this.handshake.count(guest);
    return guest;
  }
}
