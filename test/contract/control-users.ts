import { randomUUID } from 'node:crypto';
import { SocketIoClient, WebSocketClient, type RealtimeClient } from '../support/realtime-client.js';
import type { World } from './world.js';

/** Two users, one over each transport, who talk to each other while other clients misbehave. */
export class ControlUsers {
  private hasEnded = false;

  private constructor(
    private readonly clients: readonly [RealtimeClient, RealtimeClient],
    private readonly conversationId: string,
  ) {
    for (const client of clients) void client.closed.then(() => (this.hasEnded = true));
  }

  static async join(world: World): Promise<ControlUsers> {
    const [ana, bea] = [await world.person(), await world.person()];
    const conversationId = await world.conversation([
      [ana, { role: 'owner' }],
      [bea, { role: 'participant' }],
    ]);
    const port = Number(new URL(world.test.url).port);
    const clients = [
      new WebSocketClient(port, `?token=${ana.token}`),
      new SocketIoClient(port, { token: bea.token }),
    ] as const;
    await Promise.all(clients.map((client) => client.next('live')));
    return new ControlUsers(clients, conversationId);
  }

  /** Each sends a message over their existing connection, and the other receives it. */
  async talk(): Promise<void> {
    if (this.hasEnded) throw new Error('a control user lost the connection');
    const [first, second] = this.clients;
    for (const [speaker, listener] of [
      [first, second],
      [second, first],
    ] as const) {
      const content = `from one to the other ${randomUUID()}`;
      const reply = await speaker.request('message.send', { conversation_id: this.conversationId, content });
      if (!reply.ok) throw new Error(`a control user could not send: ${reply.error?.code}`);
      await listener.next(({ type, data }) => {
        return type === 'message.created' && (data?.message as { content?: string } | undefined)?.content === content;
      });
    }
  }

  leave(): void {
    for (const client of this.clients) client.close();
  }
}
