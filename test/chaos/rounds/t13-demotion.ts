import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.js';
import { createGroup, logInAdmin, register } from '../people.js';
import { Rest } from '../rest.js';

const PAUSE_MS = 10;

interface Changes {
  /** Accepted while the user had the role. */
  before: number;
  /** Accepted although requested after the demotion had been answered. */
  after: number;
}

/** Changes that need a role are requested without a pause, on both nodes, while that role is removed. */
export async function countLateChanges(cluster: Cluster): Promise<Changes> {
  const [owner, keeper, guard] = await register(cluster, 3);
  const asOwner = new Rest(() => cluster.address(0), owner!.token);
  const asAdmin = new Rest(() => cluster.address(0), await logInAdmin(cluster));
  const groupId = await createGroup(cluster, [owner!, keeper!]);
  const giveRole = (role: string): Promise<unknown> =>
    asOwner.call('PATCH', `/conversations/${groupId}/participants/${keeper!.id}`, { role });
  const { id: roomId } = await asOwner.post<{ id: string }>('/conversations', { type: 'room', title: 'chaos' });
  const appoint = (role: string): Promise<unknown> =>
    asAdmin.call('PATCH', `/admin/users/${guard!.id}`, { role, reason: 'chaos' });

  await Promise.all([giveRole('moderator'), appoint('moderator')]);
  const inGroup = await countChanges(cluster, { token: keeper!.token, conversationId: groupId }, () =>
    giveRole('participant'),
  );
  const inRoom = await countChanges(cluster, { token: guard!.token, conversationId: roomId }, () => appoint('user'));
  asOwner.close();
  asAdmin.close();
  return { before: inGroup.before + inRoom.before, after: inGroup.after + inRoom.after };
}

async function countChanges(
  cluster: Cluster,
  { token, conversationId }: { token: string; conversationId: string },
  demote: () => Promise<unknown>,
): Promise<Changes> {
  const changes: Changes = { before: 0, after: 0 };
  let demotedAt = Infinity;
  const until = performance.now() + 700;
  const changing = cluster.nodes.map(async (_, index) => {
    const rest = new Rest(() => cluster.address(index), token);
    while (performance.now() < until) {
      const startedAt = performance.now();
      const isAccepted = await rest.call('PATCH', `/conversations/${conversationId}`, { title: 'mine' }).then(
        () => true,
        () => false,
      );
      if (isAccepted) changes[startedAt > demotedAt ? 'after' : 'before']++;
      await sleep(PAUSE_MS);
    }
    rest.close();
  });
  await sleep(300);
  await demote();
  demotedAt = performance.now();
  await Promise.all(changing);
  return changes;
}
