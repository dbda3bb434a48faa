import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { LIMIT_ACTION } from './limit.decorator.js';
import type { LimitAction } from './limits.js';
import { Overload, type Weight } from './overload.js';

const WEIGHT = Symbol('weight');

/**
 * When this route (or all of the controller) goes under overload; left out: typing first, then what reads, then the
 * rest.
 */
export const Weighs = (weight: Weight): MethodDecorator & ClassDecorator => SetMetadata(WEIGHT, weight);

/** Turns requests away under overload, before anybody asks who they are from: a refusal must cost next to nothing. */
@Injectable()
export class SheddingGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly overload: Overload,
  ) {}

  /** @throws ServiceUnavailable */
  canActivate(context: ExecutionContext): boolean {
    if (this.overload.isShedding && context.getType() === 'http') this.overload.admit(this.weightOf(context));
    return true;
  }

  private weightOf(context: ExecutionContext): Weight {
    const targets = [context.getHandler(), context.getClass()];
    const said = this.reflector.getAllAndOverride<Weight | undefined>(WEIGHT, targets);
    if (said) return said;
    if (this.reflector.getAllAndOverride<LimitAction | undefined>(LIMIT_ACTION, targets) === 'typing') return 'signals';
    const { method } = context.switchToHttp().getRequest<Request>();
    return method === 'GET' || method === 'HEAD' ? 'reads' : 'writes';
  }
}
