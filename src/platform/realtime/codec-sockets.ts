import { Injectable, Logger } from '@nestjs/common';
import { type AppError, RateLimitExceeded, ServiceUnavailable } from '../errors/app-error.js';
import { toAppErrorAndLog } from '../errors/error.filter.js';
import type { PresentedError } from '../errors/error-formats.js';
import type { Actor } from '../http/actor.js';
import { type CloseReason, closeReasonFor } from './close-reasons.js';
import type { SocketCodec } from './socket-codec.js';
import { type Upgrade, UpgradeRoutes } from './upgrade-routes.js';
import { PlainWebSocketServer } from './plain-web-socket-server.js';

/** The sockets of another protocol at its own addresses. */
export interface CodecRoute<Codec extends SocketCodec> {
  readonly takes: (path: string) => boolean;
  /** The codec of a new connection. What it throws is answered as HTTP, before the upgrade. */
  readonly codec: (upgrade: Upgrade) => Codec;
  /** Who comes, and whether he may. What it throws is told in the protocol's words, followed by the close. */
  readonly identify: (upgrade: Upgrade, codec: Codec) => Promise<Actor>;
  /** How what is refused before the upgrade, a foreign origin for one, is answered; left out, in our own form. */
  readonly present?: (error: AppError) => PresentedError;
}

/** Opens connections whose clients speak another protocol; from then on they are connections like all others. */
@Injectable()
export class CodecSockets {
  private readonly logger = new Logger('Sockets');

  constructor(
    private readonly routes: UpgradeRoutes,
    private readonly sockets: PlainWebSocketServer,
  ) {}

  /** Routes are asked in the order of their registration. */
  register<Codec extends SocketCodec>(route: CodecRoute<Codec>): void {
    this.routes.register(route.takes, (upgrade) => this.open(upgrade, route), { present: route.present });
  }

  private async open<Codec extends SocketCodec>(upgrade: Upgrade, route: CodecRoute<Codec>): Promise<void> {
    const codec = route.codec(upgrade);
    let actor: Actor | undefined;
    let refusal: AppError | undefined;
    try {
      actor = await route.identify(upgrade, codec);
    } catch (error) {
      refusal = toAppErrorAndLog(error, this.logger);
    }
    this.sockets.accept(upgrade, codec, (connection) => {
      connection.open(actor);
      if (refusal) connection.closeWith(refused(refusal));
    });
  }
}

/**
 * A browser is told nothing of an upgrade that is refused, so it is let in to hear why. 401, 403, 404 are 4401, 4403,
 * 4404.
 */
function refused(error: AppError): CloseReason {
  const known = closeReasonFor(error);
  const isAsOurs = error instanceof RateLimitExceeded || error instanceof ServiceUnavailable || error.status >= 500;
  const { code: name, message, details } = error;
  return { code: isAsOurs ? known.code : 4000 + error.status, error: name, message, details };
}
