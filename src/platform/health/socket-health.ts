import type { Server } from 'node:http';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Health } from './health.js';

/** Sockets need only the HTTP server that they open on. */
@Injectable()
export class SocketHealth implements OnModuleInit {
  constructor(
    private readonly adapter: HttpAdapterHost,
    private readonly health: Health,
  ) {}

  onModuleInit(): void {
    this.health.register('websocket', () => {
      const server = this.adapter.httpAdapter.getHttpServer() as Server;
      if (!server.listening) throw new Error('the server does not listen');
    });
  }
}
