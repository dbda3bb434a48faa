import { Injectable } from '@nestjs/common';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { CodecHandler, IdentifiedClient } from '../../platform/realtime/transport/codec-sockets.js';
import { type Credential, credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { ClassroomCodec } from './classroom.codec.js';
import { CLASSROOM_LIMITS } from './classroom.limits.js';

export const CLASSROOM_SOCKET_PATH = /^\/api\/ws(?:\/([^/]*))?\/?$/;

/** Opens `/api/ws` with the token in a header or the query, or `/api/ws/{token}`. */
@Injectable()
export class ClassroomSockets implements CodecHandler<undefined> {
  constructor(private readonly handshake: Handshake) {}

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded */
  async identify({ request, url }: Upgrade): Promise<IdentifiedClient<undefined>> {
    const credential = credentialOf(request, url.searchParams) ?? credentialInPath(url.pathname);
    const actor = await this.handshake.identify(credential, CLASSROOM_LIMITS);
    if (!actor) throw new AuthenticationRequired();
    return { actor, context: undefined };
  }

  codec({ url }: Upgrade): ClassroomCodec {
    return new ClassroomCodec(url.searchParams.get('ext') === '1');
  }
}

/** A token contains no character that a URL would encode. */
function credentialInPath(path: string): Credential | undefined {
  const token = CLASSROOM_SOCKET_PATH.exec(path)?.[1];
  return token ? { token } : undefined;
}
