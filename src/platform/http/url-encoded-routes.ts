import { Injectable } from '@nestjs/common';

/** Whether a form may be the body of this request; `path` is as asked for, without its query. */
export type TakesUrlEncoded = (path: string, method: string) => boolean;

/**
 * The addresses that take `application/x-www-form-urlencoded` beside JSON: a page of any origin can send such a body
 * without a preflight, so only routes belong here that know nobody but by a bearer token.
 */
@Injectable()
export class UrlEncodedRoutes {
  private readonly routes: TakesUrlEncoded[] = [];

  register(takes: TakesUrlEncoded): void {
    this.routes.push(takes);
  }

  areTakenAt(address: string, method: string): boolean {
    if (this.routes.length === 0) return false;
    const end = address.indexOf('?');
    const path = end < 0 ? address : address.slice(0, end);
    return this.routes.some((takes) => takes(path, method));
  }
}
