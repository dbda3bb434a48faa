import { createParamDecorator, type ExecutionContext, Injectable, type PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import type { Actor } from '../../platform/http/actor.js';
import type { ParleyRequest } from '../../platform/http/request-context.js';
import { ParticipantsPolicy } from './participants.policy.js';

interface NamedConversation {
  readonly idOrSlug: string;
  readonly actor: Actor;
}

/** The id of a conversation that an address names by its id or, for a room, by its slug. @throws ConversationNotFound */
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
 * A conversation in an address, as its id: `@ConversationId() id: string`. What a slug stands for depends on who asks,
 * so the pipe is given the actor too. For routes that need a credential.
 */
export function ConversationId(name = 'id'): ParameterDecorator {
  return (target, method, index) => {
    Named(name, ConversationIdPipe)(target, method, index);
    ApiParam({ name, type: String, description: 'Id of the conversation, or slug of a room' })(
      target,
      method!,
      Object.getOwnPropertyDescriptor(target, method!)!,
    );
  };
}
