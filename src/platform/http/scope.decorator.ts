import { SetMetadata } from '@nestjs/common';
import type { Scope } from '../identity/server-key.js';

export const REQUIRED_SCOPE = 'parley:scope';

/** The scope that a server key needs for this route (or all routes of this controller). Without one, keys are refused. */
export const RequiresScope = (scope: Scope): ClassDecorator & MethodDecorator => SetMetadata(REQUIRED_SCOPE, scope);
