import { ParticipantsPolicy } from '../../src/modules/participants/participants.policy.js';
import { UsersPolicy } from '../../src/modules/users/users.policy.js';
import { apiDocument } from '../../src/platform/http/api-document.js';
import { AuthGuard } from '../../src/platform/http/auth.guard.js';
import { protocolDocument } from '../../src/platform/realtime/protocol-document.js';
import { RealtimeSettings } from '../../src/platform/realtime/realtime-settings.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { arrange, CONNECT, leaks, tryFrame, tryRoute } from './access-cells.js';
import { ACTORS, FRAMES, ROUTES, type Who } from './access-expectations.js';
import { type ApiDocument, type ApiOperation, type Frame, framesOf, operationsOf } from './contract.js';
import { each, World } from './world.js';

// Thousands of requests; the bound is for a machine that is busy with other things.
jest.setTimeout(180_000);

describe('the access matrix', () => {
  let test: TestApp;
  let world: World;
  let operations: ApiOperation[];
  let frames: Frame[];

  beforeAll(async () => {
    test = await startTestApp();
    Object.assign(test.app.get(RealtimeSettings), {
      maxInvalidFrames: Infinity,
      upgradesPerSecond: 1e6,
    });
    world = new World(test);
    operations = operationsOf(apiDocument(test.app) as unknown as ApiDocument);
    frames = framesOf(protocolDocument(test.app));
  });
  afterAll(async () => {
    world?.close();
    await test?.close();
  });

  /** Tries every one of `who` on these routes and tells what is not as expected. */
  async function problemsOf(keys: string[], actors: readonly Who[] = ACTORS): Promise<string[]> {
    const problems: string[] = [];
    const asked = operations.filter(({ key }) => keys.includes(key));
    // All routes for one, then for the next: some routes serve only a few at once.
    const cells = actors.flatMap((who) => asked.map((operation) => ({ operation, who })));
    await each(cells, 6, async ({ operation, who }) => {
      const cell = await arrange(world, who);
      const expectation = ROUTES[operation.key] ?? { allow: [] };
      for (const problem of await tryRoute(world, { operation, expectation, cell })) {
        problems.push(`${operation.key} as ${who}: ${problem}`);
      }
    });
    return problems;
  }

  it('has a line for every route and every frame, and none without one', () => {
    expect(Object.keys(ROUTES).sort()).toEqual(operations.map(({ key }) => key).sort());
    expect(Object.keys(FRAMES).sort()).toEqual(frames.map(({ type }) => type).sort());
  });

  it('holds on every route for everybody', async () => {
    expect(await problemsOf(operations.map(({ key }) => key))).toEqual([]);
  });

  it.each(Object.keys(CONNECT))('holds on every frame over %s for everybody', async (transport) => {
    const problems: string[] = [];
    const cells = frames.flatMap((frame) => ACTORS.map((who) => ({ frame, who })));
    await each(cells, 6, async ({ frame, who }) => {
      const cell = await arrange(world, who);
      const expectation = FRAMES[frame.type] ?? { allow: [] };
      for (const problem of await tryFrame(world, { frame, expectation, cell, transport })) {
        problems.push(`${frame.type} as ${who}: ${problem}`);
      }
    });
    expect(problems).toEqual([]);
  });

  describe('turns red', () => {
    afterEach(() => jest.restoreAllMocks());

    it('when nobody asks whether one takes part', async () => {
      const policy = test.app.get(ParticipantsPolicy, { strict: false });
      const bystander = await arrange(world, 'participant');
      const membership = await policy.requireMember(
        { userId: bystander.ids.userId, role: 'user' } as never,
        bystander.ids.conversationId,
      );
      jest.spyOn(policy, 'requireMember').mockResolvedValue(membership);
      const keys = ['GET /api/v1/conversations/{id}/messages', 'PUT /api/v1/messages/{id}/reactions/{emoji}'];
      const problems = await problemsOf(keys, ['outsider', 'removed', 'muted', 'admin']);
      for (const key of keys)
        expect(problems).toContainEqual(expect.stringMatching(`${key.replace(/[{}]/g, '\\$&')} as outsider: 200`));
      expect(problems).toContainEqual(expect.stringContaining('as removed: shows the content of somebody else'));
      expect(problems).toContainEqual(expect.stringContaining('as outsider: changes something'));
    });

    it('when nobody asks who one is', async () => {
      jest.spyOn(AuthGuard.prototype, 'canActivate').mockResolvedValue(true);
      const problems = await problemsOf(['GET /api/v1/users/{id}'], ['anonymous', 'banned']);
      expect(problems.map((problem) => problem.split(':')[0])).toEqual(
        expect.arrayContaining(['GET /api/v1/users/{id} as anonymous', 'GET /api/v1/users/{id} as banned']),
      );
    });

    it('when the role of a moment ago still counts', async () => {
      const policy = test.app.get(UsersPolicy, { strict: false });
      jest.spyOn(policy, 'requireRank').mockImplementation((actor) => Promise.resolve(actor));
      const problems = await problemsOf(['GET /api/v1/admin/users'], ['demoted admin', 'participant', 'banned admin']);
      expect(problems.map((problem) => problem.split(': ').slice(0, 2).join(': '))).toEqual(
        expect.arrayContaining([
          expect.stringContaining('as demoted admin: 200 instead of 403'),
          expect.stringContaining('as participant: 200 instead of 403'),
        ]),
      );
    });

    it('when a refusal says what it refuses', async () => {
      const cell = await arrange(world, 'outsider');
      const { content, title, secret } = cell.marks;
      const refusal = `No entry to "${title}" of ${secret}, where ${content} was said.`;
      expect(leaks(refusal, cell, { allow: [] })).toEqual(['content', 'title', 'secret']);
      expect(leaks(refusal, { ...cell, who: 'participant' }, { allow: ['participant'] })).toEqual(['secret']);
    });
  });
});
