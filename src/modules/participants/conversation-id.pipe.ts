import { createParamDecorator, type ExecutionContext, Injectable, type PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import type { Actor } from '../../platform/identity/actor.js';
import type { ParleyRequest } from '../../platform/http/parley-request.js';
import { CONVERSATION_NAME } from './participants.dto.js';
import { ParticipantsPolicy } from './participants.policy.js';

interface NamedConversation {
  readonly idOrSlug: string;
  readonly actor: Actor;
}

/**
 * Resolves the id of a conversation, `external:` and its external id, or the slug of a room, in a path to the id.
 * @throws ConversationNotFound
 */
@Injectable()
export class ConversationIdPipe implements PipeTransform<NamedConversation, Promise<string>> {
  constructor(private readonly policy: ParticipantsPolicy) {}

  transform({ actor, idOrSlug }: NamedConversation): Promise<string> {
    return this.policy.resolve(actor, idOrSlug);
  }
}

const Named = createParamDecorator((name: string, context: ExecutionContext): NamedConversation => {
  const { actor, params } = context.switchToHttp().getRequest<ParleyRequest>();
  return { idOrSlug: params[name] as string, actor: actor! };
});

/**
 * The id of the conversation in the path: `@ConversationId() id: string`. Whether a slug resolves depends on the
 * caller, so the pipe receives the actor too. For routes that require authentication.
 */
export function ConversationId(name = 'id'): ParameterDecorator {
  return (target, method, index) => {
    Named(name, ConversationIdPipe)(target, method, index);
    ApiParam({ name, type: String, description: CONVERSATION_NAME.description })(
      target,
      method!,
      Object.getOwnPropertyDescriptor(target, method!)!,
    );
  };
}
