import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { LIMIT_ACTION } from './limit.decorator.js';
import type { LimitAction } from './limits.js';
import { LoadShedder, type PriorityClass } from './load-shedder.js';

const PRIORITY = Symbol('priority');

/**
 * The priority of this route (or of all routes of the controller) under overload. By default, typing is refused first,
 * then GET and HEAD, then the rest.
 */
export const Priority = (priority: PriorityClass): MethodDecorator & ClassDecorator => SetMetadata(PRIORITY, priority);

/** Refuses requests under overload before they are authenticated: a refusal must cost next to nothing. */
@Injectable()
export class LoadSheddingGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly shedder: LoadShedder,
  ) {}

  /** @throws ServiceUnavailable */
  canActivate(context: ExecutionContext): boolean {
    if (this.shedder.isShedding && context.getType() === 'http') this.shedder.checkLoad(this.priorityOf(context));
    return true;
  }

  private priorityOf(context: ExecutionContext): PriorityClass {
    const targets = [context.getHandler(), context.getClass()];
    const declared = this.reflector.getAllAndOverride<PriorityClass | undefined>(PRIORITY, targets);
    if (declared) return declared;
    if (this.reflector.getAllAndOverride<LimitAction | undefined>(LIMIT_ACTION, targets) === 'typing') return 'signals';
    const { method } = context.switchToHttp().getRequest<Request>();
    return method === 'GET' || method === 'HEAD' ? 'reads' : 'writes';
  }
}
