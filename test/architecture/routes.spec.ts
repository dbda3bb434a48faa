import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core';
import { PUBLIC } from '../../src/platform/http/public.decorator.js';
import { request } from '../support/client/http.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Route {
  method: string;
  path: string;
  isPublic: boolean;
}

/** Every route without authentication. A new one is a decision, so it is listed here. */
const PUBLIC_ROUTES = [
  // With a signed URL; without one, or a credential, they respond with 401.
  'GET /api/v1/files/:id/content',
  'GET /api/v1/files/:id/thumbnail',
  // Avatars and pictures of conversations.
  'GET /api/v1/pictures/:id',
  // What the server supports of resumable uploads.
  'OPTIONS /api/v1/uploads',
  'GET /healthz',
  'GET /livez',
  // With its own token, or from this machine only.
  'GET /metrics',
  'GET /readyz',
  'POST /api/v1/auth/login',
  'POST /api/v1/auth/refresh',
  'POST /api/v1/auth/register',
  'POST /api/v1/users',
  // Login and registration of the dialects, under their version prefixes too.
  'POST /api/auth/login',
  'POST /api/auth/refresh',
  'POST /api/users',
  'POST /v1/auth/login',
  'POST /v1/auth/refresh',
  'POST /v1/users',
  'POST /v1/api/auth/login',
  'POST /v1/api/auth/refresh',
  'POST /v1/api/users',
  'POST /users/login',
  'POST /users/register',
  // A cookie session begins with a token or the cookie; a request without either gets no session.
  'GET /api/csrf',
  // The session in the path or the body identifies the client; rooms are also for guests, if guest access is on.
  'GET /api/rooms',
  'GET /api/sessions/:session_id',
  'POST /api/rooms/:room_id/join',
  // Health in the form of a dialect.
  'GET /',
  'GET /test-db',
];

describe('a route', () => {
  let server: TestApp;
  let routes: Route[];

  beforeAll(async () => {
    server = await startTestApp();
    routes = routesOf(server);
  });
  afterAll(() => server.close());

  it('is public only if it is listed as public', () => {
    const open = routes.filter(({ isPublic }) => isPublic).map(({ method, path }) => `${method} ${path}`);
    expect(open.filter((route) => !PUBLIC_ROUTES.includes(route))).toEqual([]);
  });

  it('responds with 401 without a credential unless it is public', async () => {
    for (const { method, path } of routes.filter(({ isPublic }) => !isPublic)) {
      const address = path.replaceAll(/:[a-z_]+/gi, '01930000-0000-7000-8000-000000000000');
      const answer = await request(method, server.url + address);
      expect([method, path, answer.status]).toEqual([method, path, 401]);
    }
  });
});

function routesOf({ app }: TestApp): Route[] {
  const reflector = app.get(Reflector);
  const scanner = new MetadataScanner();
  return [...app.get(ModulesContainer).values()]
    .flatMap(({ controllers }) => [...controllers.values()])
    .flatMap(({ instance, metatype }) => {
      const prototype = Object.getPrototypeOf(instance) as Record<string, () => unknown>;
      return scanner.getAllMethodNames(prototype).flatMap((name) => {
        const handler = prototype[name];
        if (!handler || !metatype || !Reflect.hasMetadata(METHOD_METADATA, handler)) return [];
        const isPublic = reflector.getAllAndOverride<boolean>(PUBLIC, [handler, metatype]) ?? false;
        const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number] ?? '';
        return pathsOf(metatype, handler).map((path) => ({ method, path, isPublic }));
      });
    });
}

function pathsOf(controller: object, handler: object): string[] {
  const all = (target: object): string[] => [Reflect.getMetadata(PATH_METADATA, target) as string | string[]].flat();
  return all(controller).flatMap((prefix) =>
    all(handler).map((path) => `/${prefix}/${path}`.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1')),
  );
}
