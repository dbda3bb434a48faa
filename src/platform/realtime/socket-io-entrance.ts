import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Socket } from 'socket.io';
import { Config } from '../config/config.js';
import { toDeclaredError } from '../errors/error.filter.js';
import type { Actor } from '../http/actor.js';
import { Admission } from './admission.js';
import type { Connection } from './connection.js';
import { readResume } from './first-frame.js';
import { credentialOf, type Credential, Handshake } from './handshake.js';
import type { ResumePoint } from './live-sessions.js';
import type { ClientToServerEvents, ServerToClientEvents } from './protocol-types.js';
import { refusal } from './upgrade-routes.js';

/** Who a socket was let in as; without an actor its first frame has to say it. */
export interface Arrival {
  actor?: Actor;
  resume?: ResumePoint;
}

/** What a socket carries: who it was let in as, and then its connection. */
export type ParleySocket = Socket<
  ClientToServerEvents,
  ServerToClientEvents,
  Record<string, never>,
  Arrival | Connection
>;

/** Who may come in over Socket.IO. Origin, limits and draining are judged before Engine.IO sees the request. */
@Injectable()
export class SocketIoEntrance {
  private readonly judged = new WeakSet<IncomingMessage>();

  constructor(
    private readonly admission: Admission,
    private readonly handshake: Handshake,
    private readonly config: Config,
  ) {}

  get cors(): object {
    const { allowedOrigins } = this.config;
    return { cors: { origin: [...allowedOrigins], credentials: true } };
  }

  /** Upgrades come judged; what was judged is known here and not told by the request. */
  take(upgrade: IncomingMessage): void {
    this.judged.add(upgrade);
  }

  /** A new session over polling is judged like an upgrade, each of its requests by its origin. */
  async gate(request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> {
    try {
      if (!this.judged.has(request)) await this.judge(request);
    } catch (error) {
      const { status, headers, body } = refusal(toDeclaredError(error));
      response.writeHead(status, headers).end(body);
      return;
    }
    next();
  }

  private async judge(request: IncomingMessage): Promise<void> {
    const { searchParams } = new URL(request.url ?? '', 'http://host');
    if (searchParams.has('sid')) this.handshake.checkOrigin(request);
    else await this.admission.admit(request);
  }

  addressOf(socket: ParleySocket): string | undefined {
    return this.handshake.addressOf(socket.request);
  }

  /** Judges the credential of the handshake; without one the first frame has to bring it. */
  async letIn(socket: ParleySocket, next: (error?: Error) => void): Promise<void> {
    try {
      const { auth } = socket.handshake;
      const { searchParams } = new URL(socket.request.url ?? '', 'http://host');
      const resume = readResume((auth as { resume?: unknown }).resume);
      const actor = await this.handshake.identify(offered(auth) ?? credentialOf(socket.request, searchParams));
      socket.data = { actor, resume };
      next();
    } catch (thrown) {
      const { code, message, details } = toDeclaredError(thrown);
      next(Object.assign(new Error(message), { data: { code, message, details } }));
    }
  }
}

function offered(auth: Record<string, unknown>): Credential | undefined {
  const { token, ticket } = auth;
  if (typeof token === 'string' && token) return { token: token.replace(/^Bearer +/i, '') };
  return typeof ticket === 'string' && ticket ? { ticket } : undefined;
}
