import { randomUUID } from 'node:crypto';
import type { RealtimeClient } from '../support/client/realtime-client.js';
import type { ContractWorld } from './world.js';

/** Two users, one over each transport, who talk to each other while other clients misbehave. */
export class ControlUsers {
  private hasEnded = false;

  private constructor(
    private readonly clients: readonly [RealtimeClient, RealtimeClient],
    private readonly conversationId: string,
  ) {
    for (const client of clients) void client.closed.then(() => (this.hasEnded = true));
  }

  static async join(world: ContractWorld): Promise<ControlUsers> {
    const [ana, bea] = [await world.user(), await world.user()];
    const conversationId = await world.conversation([
      [ana, { role: 'owner' }],
      [bea, { role: 'participant' }],
    ]);
    const clients = [await ana.webSocket(), await bea.socketIo()] as const;
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
      await listener.first(({ type, data }) => {
        return type === 'message.created' && (data?.message as { content?: string } | undefined)?.content === content;
      });
    }
  }

  leave(): void {
    for (const client of this.clients) client.close();
  }
}
