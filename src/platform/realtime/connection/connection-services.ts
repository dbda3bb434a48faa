import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Authenticator } from '../../identity/authenticator.js';
import { Connections } from './connections.js';
import { SlowConsumerRecovery } from './live-connection.js';
import { ConnectionAttacher } from '../resume/connection-attacher.js';
import { RealtimeSettings } from './realtime-settings.js';

/**
 * Services shared by all connections of this node. Providers of other modules are resolved when they are first used:
 * the platform is created before those modules and knows only their contracts.
 */
@Injectable()
export class ConnectionServices {
  private resolved:
    { authenticator: Authenticator; attacher: ConnectionAttacher; recovery: SlowConsumerRecovery } | undefined;

  constructor(
    private readonly modules: ModuleRef,
    readonly settings: RealtimeSettings,
    readonly connections: Connections,
  ) {}

  get authenticator(): Authenticator {
    return this.providers.authenticator;
  }

  get attacher(): ConnectionAttacher {
    return this.providers.attacher;
  }

  get recovery(): SlowConsumerRecovery {
    return this.providers.recovery;
  }

  private get providers(): {
    authenticator: Authenticator;
    attacher: ConnectionAttacher;
    recovery: SlowConsumerRecovery;
  } {
    this.resolved ??= {
      authenticator: this.modules.get(Authenticator, { strict: false }),
      attacher: this.modules.get(ConnectionAttacher, { strict: false }),
      recovery: this.modules.get(SlowConsumerRecovery, { strict: false }),
    };
    return this.resolved;
  }
}
