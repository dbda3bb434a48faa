import { Injectable } from '@nestjs/common';
import { DeliveryReceipts } from '../../modules/participants/implicit-receipts.js';
import { ReadState } from '../../modules/participants/read-state.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { CodecHandler, IdentifiedClient } from '../../platform/realtime/transport/codec-sockets.js';
import { credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { type DirectClient, DirectCodec } from './direct.codec.js';
import { DIRECT_LIMITS } from './direct.limits.js';

export const DIRECT_SOCKET_PATH = /^(?:\/v1)?\/ws\/?$/;

/** Opens `/ws`, with a token in the query or a header. */
@Injectable()
export class DirectSockets implements CodecHandler<DirectClient> {
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
