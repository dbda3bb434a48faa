import { Injectable } from '@nestjs/common';
import { ConversationNotFound } from '../../modules/participants/participants.errors.js';
import { ParticipantsPolicy } from '../../modules/participants/participants.policy.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { CodecHandler, IdentifiedClient } from '../../platform/realtime/transport/codec-sockets.js';
import { credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { MessagingFiles } from './messaging-files.js';
import { type MessagingClient, MessagingCodec } from './messaging.codec.js';
import { MESSAGING_LIMITS } from './messaging.limits.js';

export const MESSAGING_SOCKET_PATH = /^\/ws\/chat\/([^/]+)\/?$/;

/** Opens `/ws/chat/{conversation_id}/` for participants: by token or, from our own pages, by the session cookie. */
@Injectable()
export class MessagingSockets implements CodecHandler<MessagingClient> {
  constructor(
    private readonly handshake: Handshake,
    private readonly participants: ParticipantsPolicy,
    private readonly files: MessagingFiles,
  ) {}

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded, ConversationNotFound, PermissionDenied */
  async identify({ request, url }: Upgrade): Promise<IdentifiedClient<MessagingClient>> {
    const credential = credentialOf(request, url.searchParams) ?? this.handshake.cookieOf(request);
    const actor = await this.handshake.identify(credential, MESSAGING_LIMITS);
    if (!actor) throw new AuthenticationRequired();
    const conversationId = await this.participants.resolve(actor, conversationIdIn(url.pathname));
    await this.participants.requireMember(actor, conversationId);
    const urlOf = this.files.urlsFor(actor, this.handshake.publicUrlOf(request));
    return { actor, context: { conversationId, urlOf } };
  }

  codec({ url }: Upgrade, client: MessagingClient | undefined): MessagingCodec {
    return new MessagingCodec(url.searchParams.get('ext') === '1', client);
  }
}

function conversationIdIn(path: string): string {
  try {
    return decodeURIComponent(MESSAGING_SOCKET_PATH.exec(path)![1]!);
  } catch {
    throw new ConversationNotFound();
  }
}
