import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor } from './actor.js';
import type { ParleyRequest } from './request-context.js';

/** Who acts: the actor the guard took from the credential. Undefined only on `@Public()` routes. */
export const CurrentActor = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Actor | undefined =>
    context.switchToHttp().getRequest<ParleyRequest>().actor,
);
