import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CodecSockets } from '../../platform/realtime/transport/codec-sockets.js';
import { type Credential, credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { ClassroomCodec } from './classroom.codec.js';
import { presentError } from './classroom.errors.js';
import { CLASSROOM_LIMITS } from './classroom.limits.js';

/** `/api/ws` with the token in a header or the query, or `/api/ws/{token}`. */
const PATH = /^\/api\/ws(?:\/([^/]*))?\/?$/;

/** The sockets of this dialect. */
@Injectable()
export class ClassroomSockets implements OnModuleInit {
  constructor(
    private readonly sockets: CodecSockets,
    private readonly handshake: Handshake,
  ) {}

  onModuleInit(): void {
    this.sockets.register({
      takes: (path) => PATH.test(path),
      codec: ({ url }) => new ClassroomCodec(url.searchParams.get('ext') === '1'),
      identify: (upgrade) => this.identify(upgrade),
      present: (error) => presentError(error, { method: 'GET', originalUrl: '/api/ws' }),
    });
  }

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded */
  private async identify({ request, url }: Upgrade): Promise<Actor> {
    const credential = credentialOf(request, url.searchParams) ?? credentialInPath(url.pathname);
    const actor = await this.handshake.identify(credential, CLASSROOM_LIMITS);
    if (!actor) throw new AuthenticationRequired();
    return actor;
  }
}

/** A token contains no character that a URL would encode. */
function credentialInPath(path: string): Credential | undefined {
  const token = PATH.exec(path)?.[1];
  return token ? { token } : undefined;
}
