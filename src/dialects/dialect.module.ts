import { randomUUID } from 'node:crypto';
import { type DynamicModule, Inject, Module, type OnModuleInit, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { ErrorFormats } from '../platform/errors/error-formats.js';
import { type AcceptsUrlEncoded, UrlEncodedRoutes } from '../platform/http/body-parser.js';
import { type SocketUpgradeHandler, CodecSockets } from '../platform/realtime/transport/codec-sockets.js';
import type { DialectErrors } from './error-format.js';

/** What a dialect registers with the platform. Its limits are named where they apply: by controllers and codecs. */
export interface Dialect {
  /** The paths of its calls: errors there have its format. The paths of two dialects never overlap. */
  readonly paths: RegExp;
  readonly errors: DialectErrors;
  /** Whether the body of a request may be URL-encoded. */
  readonly acceptsUrlEncoded?: AcceptsUrlEncoded;
  /** The paths of its sockets, and the provider that opens them. */
  readonly socket: { readonly paths: RegExp; readonly handler: Type<SocketUpgradeHandler> };
}

const DIALECT = Symbol('Dialect');

/** Registers a dialect with the platform. The module of the dialect imports it. */
@Module({})
export class DialectModule implements OnModuleInit {
  constructor(
    @Inject(DIALECT) private readonly dialect: Dialect,
    private readonly errorFormats: ErrorFormats,
    private readonly urlEncoded: UrlEncodedRoutes,
    private readonly sockets: CodecSockets,
    private readonly moduleRef: ModuleRef,
  ) {}

  static register(dialect: Dialect): DynamicModule {
    return { module: DialectModule, providers: [{ provide: DIALECT, useValue: dialect }] };
  }

  onModuleInit(): void {
    const { paths, errors, acceptsUrlEncoded, socket } = this.dialect;
    this.errorFormats.register({
      matches: (path) => paths.test(path),
      present: errors.present,
      documentation: errors.documentation,
    });
    if (acceptsUrlEncoded) this.urlEncoded.register(acceptsUrlEncoded);
    this.sockets.register({
      matches: (path) => socket.paths.test(path),
      handler: this.moduleRef.get(socket.handler, { strict: false }),
      present: (error) => errors.present(error, { method: 'GET', originalUrl: '', requestId: randomUUID() }),
    });
  }
}
