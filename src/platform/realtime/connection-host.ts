import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Authenticator } from '../http/authenticator.js';
import { Connections } from './connections.js';
import { CatchUp } from './live-connection.js';
import { LiveSessions } from './live-sessions.js';
import { RealtimeSettings } from './realtime-settings.js';

/**
 * What every connection of this node shares. The providers of other modules are looked up when the application has
 * started: the platform is built before them and knows only their contracts.
 */
@Injectable()
export class ConnectionHost {
  private found: { authenticator: Authenticator; sessions: LiveSessions; catchUp: CatchUp } | undefined;

  constructor(
    private readonly modules: ModuleRef,
    readonly settings: RealtimeSettings,
    readonly connections: Connections,
  ) {}

  get authenticator(): Authenticator {
    return this.providers.authenticator;
  }

  get sessions(): LiveSessions {
    return this.providers.sessions;
  }

  get catchUp(): CatchUp {
    return this.providers.catchUp;
  }

  private get providers(): { authenticator: Authenticator; sessions: LiveSessions; catchUp: CatchUp } {
    this.found ??= {
      authenticator: this.modules.get(Authenticator, { strict: false }),
      sessions: this.modules.get(LiveSessions, { strict: false }),
      catchUp: this.modules.get(CatchUp, { strict: false }),
    };
    return this.found;
  }
}
