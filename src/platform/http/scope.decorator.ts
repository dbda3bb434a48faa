import { SetMetadata } from '@nestjs/common';
import { PermissionDenied } from '../errors/app-error.js';
import { type Actor, ownServerKeyOf } from '../identity/actor.js';
import type { Scope } from '../identity/server-key.js';

export const REQUIRED_SCOPE = 'parley:scope';

/**
 * The scope that a server key needs for this route (or all routes of this controller). Without one, keys are refused.
 */
export const RequiresScope = (scope: Scope): ClassDecorator & MethodDecorator => SetMetadata(REQUIRED_SCOPE, scope);

/**
 * Refuses a call that the backend of the host makes itself, unless its key has this scope. `undefined`: the route or
 * frame is not open to it; `any`: it is open to every key. A key that acts as a user is treated as that user. @throws
 * PermissionDenied
 */
export function requireScope(actor: Actor, scope: Scope | 'any' | undefined): void {
  const key = ownServerKeyOf(actor);
  if (key === undefined || scope === 'any' || (scope !== undefined && key.scopes.has(scope))) return;
  if (scope === undefined) throw new PermissionDenied('A server key may do this only as a user, with X-Act-As.');
  throw new PermissionDenied(`The server key lacks the scope ${scope}.`, { required_scope: scope });
}
