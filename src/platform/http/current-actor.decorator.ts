import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor } from '../identity/actor.js';
import type { ParleyRequest } from './parley-request.js';

/** The actor that the guard authenticated. Undefined only on `@Public()` routes. */
export const CurrentActor = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Actor | undefined =>
    context.switchToHttp().getRequest<ParleyRequest>().actor,
);
