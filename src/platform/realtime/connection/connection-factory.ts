import { Injectable } from '@nestjs/common';
import { Authenticator } from '../../identity/authenticator.js';
import { ConnectionAttacher } from '../resume/connection-attacher.js';
import type { SocketCodec } from '../transport/socket-codec.js';
import type { Transport } from '../transport/transport.js';
import { Connection } from './connection.js';
import type { ConnectionContext } from './connection-output.js';
import { Connections } from './connections.js';
import { SlowConsumerRecovery } from './live-connection.js';
import { RealtimeSettings } from './realtime-settings.js';

/** Creates the connections of this node. All of them share one context, so that it costs each one reference. */
@Injectable()
export class ConnectionFactory {
  private readonly context: ConnectionContext;

  constructor(
    settings: RealtimeSettings,
    connections: Connections,
    authenticator: Authenticator,
    attacher: ConnectionAttacher,
    recovery: SlowConsumerRecovery,
  ) {
    this.context = { settings, connections, authenticator, attacher, recovery };
  }

  /** `ipKey`: the rate limit key of the client's IP address. `codec`: the client's protocol, if it is not our own. */
  create(transport: Transport, ipKey: string, codec?: SocketCodec): Connection {
    return new Connection(transport, this.context, ipKey, codec);
  }
}
