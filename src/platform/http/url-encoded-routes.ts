import { Injectable } from '@nestjs/common';

/** Whether the body of this request may be urlencoded; `path` is the requested path without its query. */
export type AcceptsUrlEncoded = (path: string, method: string) => boolean;

/**
 * The routes that accept `application/x-www-form-urlencoded` besides JSON. A page of any origin can send such a body
 * without a preflight, so a route may be registered here only if a bearer token is its only credential.
 */
@Injectable()
export class UrlEncodedRoutes {
  private readonly routes: AcceptsUrlEncoded[] = [];

  register(accepts: AcceptsUrlEncoded): void {
    this.routes.push(accepts);
  }

  areAcceptedAt(url: string, method: string): boolean {
    if (this.routes.length === 0) return false;
    const end = url.indexOf('?');
    const path = end < 0 ? url : url.slice(0, end);
    return this.routes.some((accepts) => accepts(path, method));
  }
}
