import { PermissionDenied } from '../../errors/app-error.js';
import { TextField } from '../../validation/fields.js';
import { ExpiringData, ServerTimeData } from '../protocol/protocol-frames.js';
import { Authenticator } from '../../identity/authenticator.js';
import { Connections } from '../connection/connections.js';
import { MAX_TOKEN_LENGTH } from './auth-frame-handler.js';
import { Gateway, OnFrame } from './gateway.decorators.js';
import type { LiveConnection } from '../connection/live-connection.js';
import { CALL_LIMIT } from '../../throttling/limits.js';

export class PingFrameDto {}

export class AuthRefreshFrameDto {
  @TextField({ min: 1, max: MAX_TOKEN_LENGTH, description: 'A new access token of the same user.' })
  token: string;
}

/** Requests about the connection itself. */
@Gateway()
export class RealtimeGateway {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly connections: Connections,
  ) {}

  @OnFrame('ping', PingFrameDto, {
    limit: CALL_LIMIT,
    scope: 'any',
    priority: 'vital',
    summary: 'Returns the time of the server.',
    reply: ServerTimeData,
  })
  ping(_connection: LiveConnection, _dto: PingFrameDto): ServerTimeData {
    return { server_time: new Date().toISOString() };
  }

  /** @throws AuthenticationRequired, PermissionDenied for a token of another user */
  @OnFrame('auth.refresh', AuthRefreshFrameDto, {
    limit: CALL_LIMIT,
    scope: 'any',
    priority: 'vital',
    summary: 'Extends the connection with a new token.',
    reply: ExpiringData,
  })
  async refresh(connection: LiveConnection, { token }: AuthRefreshFrameDto): Promise<ExpiringData> {
    const actor = await this.authenticator.authenticate(token);
    if (actor.userId !== connection.actor.userId) throw new PermissionDenied('The token belongs to another user.');
    this.connections.renew(connection, actor);
    // The new session may have ended since it was authenticated. From here on its end closes the connection.
    for (const { sessionId, reason } of await this.authenticator.findEnded([actor.sessionId])) {
      this.connections.disconnectSessions([sessionId], reason);
    }
    return { expires_at: new Date(actor.expiresAt * 1000).toISOString() };
  }
}
