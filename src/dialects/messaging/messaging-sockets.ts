import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConversationNotFound } from '../../modules/participants/participants.errors.js';
import { ParticipantsPolicy } from '../../modules/participants/participants.policy.js';
import { AuthenticationRequired, RateLimitExceeded } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CodecSockets } from '../../platform/realtime/transport/codec-sockets.js';
import { credentialOf, Handshake } from '../../platform/realtime/transport/handshake.js';
import type { Upgrade } from '../../platform/realtime/transport/upgrade-routes.js';
import { MessagingFiles } from './messaging-files.js';
import { MessagingCodec } from './messaging.codec.js';
import { presentError } from './messaging.errors.js';
import { MESSAGING_LIMITS } from './messaging.limits.js';

const ADDRESS = /^\/ws\/chat\/([^/]+)\/?$/;

/** Opens `/ws/chat/{conversation_id}/` for participants: by token or, from our own pages, by the session cookie. */
@Injectable()
export class MessagingSockets implements OnModuleInit {
  constructor(
    private readonly sockets: CodecSockets,
    private readonly handshake: Handshake,
    private readonly participants: ParticipantsPolicy,
    private readonly files: MessagingFiles,
  ) {}

  onModuleInit(): void {
    this.sockets.register({
      takes: (path) => ADDRESS.test(path),
      codec: ({ url }) => new MessagingCodec(url.searchParams.get('ext') === '1'),
      identify: (upgrade, codec) => this.identify(upgrade, codec),
      present: presentError,
    });
  }

  /** @throws AuthenticationRequired, AccountBanned, RateLimitExceeded, ConversationNotFound, PermissionDenied */
  private async identify({ request, url }: Upgrade, codec: MessagingCodec): Promise<Actor> {
    const credential = credentialOf(request, url.searchParams) ?? this.handshake.cookieOf(request);
    let actor: Actor | undefined;
    try {
      actor = await this.handshake.identify(credential, MESSAGING_LIMITS);
    } catch (error) {
      if (error instanceof RateLimitExceeded) codec.retryAfterSeconds = error.retryAfterSeconds;
      throw error;
    }
    if (!actor) throw new AuthenticationRequired();
    codec.conversationId = await this.participants.resolve(actor, conversationIdIn(url.pathname));
    await this.participants.requireMember(actor, codec.conversationId);
    codec.urlOf = this.files.urlsFor(actor, this.handshake.publicUrlOf(request));
    return actor;
  }
}

function conversationIdIn(path: string): string {
  try {
    return decodeURIComponent(ADDRESS.exec(path)![1]!);
  } catch {
    throw new ConversationNotFound();
  }
}
