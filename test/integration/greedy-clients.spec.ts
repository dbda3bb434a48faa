import { WebSocket } from 'ws';
import { startRealtimeApp, type RealtimeApp } from '../support/realtime-app.js';
import { refusedWith, WebSocketClient } from '../support/realtime-client.js';

const GREEDY_ADDRESS = '127.0.0.2';

describe('a client that takes what it can get leaves enough for another one', () => {
  describe('of the sockets that a process opens in a second', () => {
    let server: RealtimeApp;

    beforeAll(async () => {
      server = await startRealtimeApp({ upgradesPerSecond: 150 }, { RATE_LIMIT_MULTIPLIER: '1' });
    });
    afterAll(() => server.close());

    it('400 tries of one address use up its own limit and not the others’ share', async () => {
      const path = '/api/v1/realtime';
      const opened: WebSocket[] = [];
      const tries = Array.from({ length: 400 }, () => {
        const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { localAddress: GREEDY_ADDRESS });
        opened.push(socket);
        return new Promise<number>((resolve) => {
          socket.on('open', () => resolve(101));
          socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
          socket.on('error', () => undefined);
        });
      });
      const answers = await Promise.all(tries);
      expect(answers.filter((status) => status === 101)).toHaveLength(100);
      expect(new Set(answers)).toEqual(new Set([101, 429]));

      const modest = new WebSocketClient(server.port, '?token=ann:s1');
      await modest.next('live');
      modest.close();
      expect(await refusedWith(server.port, path, { localAddress: GREEDY_ADDRESS })).toBe(429);
      for (const socket of opened) socket.terminate();
    });
  });
});
