import { Injectable, Logger } from '@nestjs/common';
import { type AppError, RateLimitExceeded, ServiceUnavailable } from '../../errors/app-error.js';
import { toAppErrorAndLog } from '../../errors/error.filter.js';
import type { PresentedError } from '../../errors/error-formats.js';
import type { Actor } from '../../identity/actor.js';
import { type CloseReason, closeReasonFor } from '../connection/close-reasons.js';
import type { SocketCodec } from './socket-codec.js';
import { type Upgrade, UpgradeRoutes } from './upgrade-routes.js';
import { PlainWebSocketServer } from './plain-web-socket-server.js';

/** A client that may connect, with what its codec must know of it. */
export interface IdentifiedClient<Context> {
  readonly actor: Actor;
  readonly context: Context;
}

/** Opens the sockets of another protocol. */
export interface SocketUpgradeHandler<Context = unknown> {
  /** Authenticates the client. Its errors are sent in the format of the protocol, followed by the close. */
  identify(upgrade: Upgrade): Promise<IdentifiedClient<Context>>;
  /**
   * Creates the codec of a connection. `context` is what `identify` returned; it is undefined for a refused client, to
   * which the codec writes only the error. Its own errors are sent as HTTP responses, before the upgrade.
   */
  codec(upgrade: Upgrade, context: Context | undefined): SocketCodec;
}

/** The sockets of another protocol at its own paths. */
export interface CodecRoute<Context> {
  readonly matches: (path: string) => boolean;
  readonly handler: SocketUpgradeHandler<Context>;
  /** Formats errors before the upgrade, for example of a foreign origin; by default in Parley's own format. */
  readonly present?: (error: AppError) => PresentedError;
}

/** Opens connections whose clients speak another protocol. Once open they are treated like all others. */
@Injectable()
export class CodecSockets {
  private readonly logger = new Logger('Sockets');

  constructor(
    private readonly routes: UpgradeRoutes,
    private readonly sockets: PlainWebSocketServer,
  ) {}

  /** Routes are matched in the order of their registration. */
  register<Context>(route: CodecRoute<Context>): void {
    this.routes.register(route.matches, (upgrade) => this.open(upgrade, route), { present: route.present });
  }

  private async open<Context>(upgrade: Upgrade, { handler }: CodecRoute<Context>): Promise<void> {
    let client: IdentifiedClient<Context> | undefined;
    let refusal: AppError | undefined;
    try {
      client = await handler.identify(upgrade);
    } catch (error) {
      refusal = toAppErrorAndLog(error, this.logger);
    }
    this.sockets.accept(upgrade, handler.codec(upgrade, client?.context), (connection) => {
      connection.open(client?.actor);
      if (refusal) connection.closeWith(closeReasonOf(refusal));
    });
  }
}

/**
 * The close reason of a refused client. A browser does not see why an upgrade was refused, so the connection is opened
 * and closed with the reason. 401, 403, 404 become 4401, 4403, 4404.
 */
function closeReasonOf(error: AppError): CloseReason {
  const known = closeReasonFor(error);
  const isGeneral = error instanceof RateLimitExceeded || error instanceof ServiceUnavailable || error.status >= 500;
  const { code: name, message, details } = error;
  return { code: isGeneral ? known.code : 4000 + error.status, error: name, message, details };
}
