import { Injectable, type OnApplicationBootstrap, RequestMethod, SetMetadata } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, Reflector } from '@nestjs/core';
import { ErrorObservers } from '../errors/error.filter.js';
import type { AppError } from '../errors/app-error.js';
import type { ParleyRequest } from '../http/parley-request.js';
import { FrameRouter } from '../realtime/commands/frame-router.js';
import { Metrics } from './metrics.js';

const SENDS = Symbol('sends');

/** Marks a route that stores a message, so that its refusals are counted among the sends. */
export const CountsAsSend = (): MethodDecorator => SetMetadata(SENDS, true);

interface Route {
  readonly method: string;
  readonly path: RegExp;
}

/**
 * Counts refused sends by error code: in all APIs, and at every step, from an unreadable body to a rate limit, overload
 * or the rules of the conversation.
 */
@Injectable()
export class RefusedSends implements OnApplicationBootstrap {
  private routes: Route[] = [];

  constructor(
    private readonly metrics: Metrics,
    private readonly errorObservers: ErrorObservers,
    private readonly router: FrameRouter,
    private readonly discovery: DiscoveryService,
    private readonly reflector: Reflector,
  ) {}

  onApplicationBootstrap(): void {
    this.routes = this.discovery.getControllers().flatMap(({ metatype }) => this.routesOf(metatype as typeof Object));
    this.errorObservers.observe((error, request) => {
      if (this.isSend(request)) this.count(error);
    });
    this.router.observe((error, { isSend }) => {
      if (isSend) this.count(error);
    });
  }

  private count({ code: outcome }: AppError): void {
    this.metrics.count('parley_sends_total', { outcome });
  }

  /** Whether a request is a send. Matched by path, because it may have been refused before it reached its route. */
  private isSend({ method, originalUrl }: ParleyRequest): boolean {
    const [path = ''] = originalUrl.split('?', 1);
    return this.routes.some((route) => route.method === method && route.path.test(path));
  }

  private routesOf(controller: typeof Object): Route[] {
    const prototype = controller.prototype as unknown as Record<string, unknown>;
    const bases = pathsOf(this.reflector.get(PATH_METADATA, controller));
    return Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const handler = Object.getOwnPropertyDescriptor(prototype, name)?.value as typeof Object | undefined;
      if (typeof handler !== 'function' || !this.reflector.get<boolean | undefined>(SENDS, handler)) return [];
      const method = RequestMethod[this.reflector.get<RequestMethod>(METHOD_METADATA, handler)];
      const own = pathsOf(this.reflector.get(PATH_METADATA, handler));
      return bases.flatMap((base) => own.map((path) => ({ method, path: patternOf(`${base}/${path}`) })));
    });
  }
}

function pathsOf(declared: string | string[] | undefined): string[] {
  return declared === undefined ? [''] : [declared].flat();
}

function patternOf(path: string): RegExp {
  const segments = path.split('/').filter((segment) => segment !== '');
  return new RegExp(`^/${segments.map((segment) => (segment.startsWith(':') ? '[^/]+' : segment)).join('/')}/?$`);
}
