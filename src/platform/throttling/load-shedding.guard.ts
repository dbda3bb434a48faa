import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { LIMIT_ACTION } from './limit.decorator.js';
import type { LimitAction } from './limits.js';
import { LoadShedder, type PriorityClass } from './load-shedder.js';

const WEIGHT = Symbol('weight');

/**
 * When this route (or all of the controller) goes under overload; left out: typing first, then what reads, then the
 * rest.
 */
export const Priority = (weight: PriorityClass): MethodDecorator & ClassDecorator => SetMetadata(WEIGHT, weight);

/** Turns requests away under overload, before anybody asks who they are from: a refusal must cost next to nothing. */
@Injectable()
export class LoadSheddingGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly shedder: LoadShedder,
  ) {}

  /** @throws ServiceUnavailable */
  canActivate(context: ExecutionContext): boolean {
    if (this.shedder.isShedding && context.getType() === 'http') this.shedder.checkLoad(this.weightOf(context));
    return true;
  }

  private weightOf(context: ExecutionContext): PriorityClass {
    const targets = [context.getHandler(), context.getClass()];
    const said = this.reflector.getAllAndOverride<PriorityClass | undefined>(WEIGHT, targets);
    if (said) return said;
    if (this.reflector.getAllAndOverride<LimitAction | undefined>(LIMIT_ACTION, targets) === 'typing') return 'signals';
    const { method } = context.switchToHttp().getRequest<Request>();
    return method === 'GET' || method === 'HEAD' ? 'reads' : 'writes';
  }
}
