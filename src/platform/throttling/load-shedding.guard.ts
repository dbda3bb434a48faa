import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { RATE_LIMIT } from './limit.decorator.js';
import type { RateLimit } from './limits.js';
import { LoadShedder } from './load-shedder.js';
import { PRIORITY, type PriorityClass } from './priority.decorator.js';

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
    const limit = this.reflector.getAllAndOverride<RateLimit | undefined>(RATE_LIMIT, targets);
    if (limit?.priority) return limit.priority;
    const { method } = context.switchToHttp().getRequest<Request>();
    return method === 'GET' || method === 'HEAD' ? 'reads' : 'writes';
  }
}
