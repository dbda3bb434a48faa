import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DeliveryReceipts } from '../../modules/participants/delivery-receipts.js';
import { ReadState } from '../../modules/participants/read-state.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CodecSockets } from '../../platform/realtime/transport/codec-sockets.js';
import { credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { DirectCodec } from './direct.codec.js';
import { presentError } from './direct.errors.js';
import { DIRECT_LIMITS } from './direct.limits.js';

const ADDRESS = /^(?:\/v1)?\/ws\/?$/;

/** The socket of this dialect: `/ws`, with a token in the query or a header. */
@Injectable()
export class DirectSockets implements OnModuleInit {
  constructor(
    private readonly sockets: CodecSockets,
    private readonly handshake: Handshake,
    private readonly readState: ReadState,
  ) {}

  onModuleInit(): void {
    this.sockets.register({
      takes: (path) => ADDRESS.test(path),
      codec: ({ url }) => new DirectCodec(url.searchParams.get('ext') === '1'),
      identify: (upgrade, codec) => this.identify(upgrade, codec),
      present: presentError,
    });
  }

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded */
  private async identify({ request, url }: Upgrade, codec: DirectCodec): Promise<Actor> {
    const actor = await this.handshake.identify(credentialOf(request, url.searchParams), DIRECT_LIMITS);
    if (!actor) throw new AuthenticationRequired();
    codec.userId = actor.userId;
    codec.marks = new DeliveryReceipts((id, number) => this.readState.deliver(actor, id, { sequence_number: number }));
    return actor;
  }
}
