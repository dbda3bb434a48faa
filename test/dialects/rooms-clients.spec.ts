import { once } from 'node:events';
import { WebSocket } from 'ws';
import { request } from '../support/client/http.js';
import type { AnyJson } from '../support/client/inbox.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';
import { RecordingConsole, runPrinted } from './clients/printed-code.js';
import { SmallReact } from './clients/small-react.js';

interface PrintedClient {
  ws: WebSocket;
  connectionState: string;
  connect(): Promise<WebSocket>;
}

interface PrintedManager {
  ws: WebSocket;
  retryCount: number;
  connect(): Promise<WebSocket>;
  reconnect(): Promise<WebSocket>;
}

interface PrintedHook {
  readonly isConnected: boolean;
  readonly messages: AnyJson[];
  sendMessage(message: object): void;
}

type Made<Client> = new (url: string, options?: object) => Client;

/** Waits for frames of a browser's kind of socket. */
function heardBy(socket: WebSocket): (matches: (frame: AnyJson) => boolean) => Promise<AnyJson> {
  const frames: AnyJson[] = [];
  socket.addEventListener('message', ({ data }) => void frames.push(JSON.parse(String(data)) as AnyJson));
  return async (matches) => {
    for (;;) {
      const found = frames.find(matches);
      if (found) return found;
      await once(socket, 'message');
    }
  };
}

describe('the client code of the rooms documentation', () => {
  let world: World;
  let ana: RegisteredUser;
  let address: string;
  const sockets: WebSocket[] = [];
  /** `setInterval` with 20 ms in place of thirty seconds. */
  const beats: NodeJS.Timeout[] = [];
  const soon = (work: () => void): number => beats.push(setInterval(work, 20));

  beforeAll(async () => {
    world = await World.start({ GUEST_ACCESS: 'write' });
    ana = await world.register('ana');
    address = `${world.url.replace('http', 'ws')}/ws/chat/`;
    await request('POST', `${world.url}/api/rooms/general/join/`, { token: ana.token, body: {} });
  });
  afterAll(async () => {
    for (const beat of beats) clearInterval(beat);
    for (const socket of sockets) socket.terminate();
    await world.stop();
  });

  it('connects, has its heartbeats answered, and reconnects by itself (WebSocketClient)', async () => {
    const console = new RecordingConsole();
    const waits: number[] = [];
    const setTimeout = (work: () => void, ms: number): void => {
      waits.push(ms);
      setImmediate(work);
    };
    const surroundings = { WebSocket, console, setInterval: soon, setTimeout };
    const Client = runPrinted<Made<PrintedClient>>('rooms-client.txt', 'WebSocketClient', surroundings);
    const client = new Client(`${address}?token=${ana.token}`);
    const first = await client.connect();
    sockets.push(first);
    expect(client.connectionState).toBe('connected');
    const next = heardBy(first);
    expect(await next(({ type }) => type === 'heartbeat')).toMatchObject({ metadata: { source: 'server' } });
    first.terminate();
    while (client.ws === first || client.ws.readyState !== WebSocket.OPEN) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    sockets.push(client.ws);
    expect(waits).toEqual([1000]);
    client.ws.onclose = null;
  });

  it('connects, has its heartbeats answered, and reconnects when asked (WebSocketManager)', async () => {
    const surroundings = { WebSocket, setInterval: soon, setTimeout, clearTimeout };
    const Manager = runPrinted<Made<PrintedManager>>('rooms-manager.txt', 'WebSocketManager', surroundings);
    const manager = new Manager(address, { retryDelay: 1, heartbeatInterval: 20 });
    const first = await manager.connect();
    sockets.push(first);
    await heardBy(first)(({ type }) => type === 'heartbeat');
    first.terminate();
    const second = await manager.reconnect();
    sockets.push(second);
    expect([second.readyState, manager.retryCount]).toEqual([WebSocket.OPEN, 0]);
  });

  it('renders messages and sends one (the React hook)', async () => {
    const hook: { use?: (url: string) => PrintedHook } = {};
    const page: SmallReact<PrintedHook> = new SmallReact(() => hook.use!(address));
    const { useState, useEffect, useCallback } = page;
    class PageWebSocket extends WebSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    }
    hook.use = runPrinted('rooms-hook.txt', 'useWebSocket', {
      ...{ useState, useEffect, useCallback },
      WebSocket: PageWebSocket,
    });
    page.render();
    await page.until(({ isConnected }) => isConnected);
    page.rendered.sendMessage({ type: 'text_message', data: { content: 'from the component', room_id: 'general' } });
    const has =
      (content: string) =>
      ({ messages }: PrintedHook) =>
        messages.some(({ data }) => data.content === content);
    await page.until(has('from the component'));
    await ana.call('POST', '/conversations/general/messages', { content: 'from elsewhere' });
    const { messages } = await page.until(has('from elsewhere'));
    // The component renders `msg.data.content` of every message: all have data.
    expect(messages.every(({ data }) => typeof data === 'object' && data !== null)).toBe(true);
  });
});
