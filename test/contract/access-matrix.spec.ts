import { ParticipantsPolicy } from '../../src/modules/participants/participants.policy.js';
import { UsersPolicy } from '../../src/modules/users/users.policy.js';
import { openApiDocument } from '../../src/platform/http/openapi-document.js';
import { JwtAuthGuard } from '../../src/platform/http/jwt-auth.guard.js';
import { protocolDocument } from '../../src/platform/realtime/protocol/protocol-document.js';
import { RealtimeSettings } from '../../src/platform/realtime/connection/realtime-settings.js';
import { arrange, Cells, CONNECT, leaks, tryFrame, tryRoute } from './access-cells.js';
import { ACTORS, FRAMES, ROUTES, type ActorKind } from './access-expectations.js';
import { type ApiDocument, type ApiOperation, type Frame, framesOf, operationsOf } from './contract.js';
import { each, ContractWorld } from './world.js';

// Thousands of requests; the timeout allows for a busy machine.
jest.setTimeout(180_000);

describe('the access matrix', () => {
  let world: ContractWorld;
  let document: ApiDocument;
  let operations: ApiOperation[];
  let frames: Frame[];

  beforeAll(async () => {
    world = await ContractWorld.start();
    Object.assign(world.get(RealtimeSettings), {
      maxInvalidFrames: Infinity,
      upgradesPerSecond: 1e6,
    });
    document = openApiDocument(world.app) as unknown as ApiDocument;
    operations = operationsOf(document);
    frames = framesOf(protocolDocument(world.app));
  });
  afterAll(async () => {
    await world?.stop();
  });

  /** Tries these routes as each of the users and returns what differs from the expectation. */
  async function problemsOf(keys: string[], actors: readonly ActorKind[] = ACTORS): Promise<string[]> {
    const problems: string[] = [];
    const asked = operations.filter(({ key }) => keys.includes(key));
    // All routes for one user, then for the next: some routes serve only a few requests at once.
    const cells = actors.flatMap((kind) => asked.map((operation) => ({ operation, who: kind })));
    const arranged = new Cells(world);
    await each(cells, 6, ({ operation, who: kind }) =>
      arranged.use(kind, async (cell) => {
        const expectation = ROUTES[operation.key] ?? { allow: [] };
        const found = await tryRoute(world, { document, operation, expectation, cell });
        problems.push(...found.map((problem) => `${operation.key} as ${kind}: ${problem}`));
        return found.length === 0 && (operation.method === 'GET' || !expectation.allow.includes(kind));
      }),
    );
    return problems;
  }

  it('has an entry for every route and every frame, and no other', () => {
    expect(Object.keys(ROUTES).sort()).toEqual(operations.map(({ key }) => key).sort());
    expect(Object.keys(FRAMES).sort()).toEqual(frames.map(({ type }) => type).sort());
  });

  it('holds on every route for every kind of user', async () => {
    expect(await problemsOf(operations.map(({ key }) => key))).toEqual([]);
  });

  it.each(Object.keys(CONNECT))('holds on every frame over %s for every kind of user', async (transport) => {
    const problems: string[] = [];
    const cells = frames.flatMap((frame) => ACTORS.map((kind) => ({ frame, who: kind })));
    const arranged = new Cells(world);
    await each(cells, 6, ({ frame, who: kind }) =>
      arranged.use(kind, async (cell) => {
        const expectation = FRAMES[frame.type] ?? { allow: [] };
        const found = await tryFrame(world, { frame, expectation, cell, transport });
        problems.push(...found.map((problem) => `${frame.type} as ${kind}: ${problem}`));
        return found.length === 0 && !expectation.allow.includes(kind);
      }),
    );
    expect(problems).toEqual([]);
  });

  describe('the access matrix as a control', () => {
    afterEach(() => jest.restoreAllMocks());

    it('fails if membership is not checked', async () => {
      const policy = world.get(ParticipantsPolicy);
      const controlUser = await arrange(world, 'participant');
      const membership = await policy.requireMember(
        { userId: controlUser.ids.userId, role: 'user' } as never,
        controlUser.ids.conversationId,
      );
      jest.spyOn(policy, 'requireMember').mockResolvedValue(membership);
      const keys = ['GET /api/v1/conversations/{id}/messages', 'PUT /api/v1/messages/{id}/reactions/{emoji}'];
      const problems = await problemsOf(keys, ['outsider', 'removed', 'muted', 'admin']);
      for (const key of keys)
        expect(problems).toContainEqual(expect.stringMatching(`${key.replace(/[{}]/g, '\\$&')} as outsider: 200`));
      expect(problems).toContainEqual(expect.stringContaining('as removed: returns the content of another user'));
      expect(problems).toContainEqual(expect.stringContaining('as outsider: changes something'));
    });

    it('fails if the credential is not checked', async () => {
      jest.spyOn(JwtAuthGuard.prototype, 'canActivate').mockResolvedValue(true);
      const problems = await problemsOf(['GET /api/v1/users/{id}'], ['anonymous', 'banned']);
      expect(problems.map((problem) => problem.split(':')[0])).toEqual(
        expect.arrayContaining(['GET /api/v1/users/{id} as anonymous', 'GET /api/v1/users/{id} as banned']),
      );
    });

    it('fails if a former role still counts', async () => {
      const policy = world.get(UsersPolicy);
      jest.spyOn(policy, 'requireRank').mockImplementation((actor) => Promise.resolve(actor));
      const problems = await problemsOf(['GET /api/v1/admin/users'], ['demoted admin', 'participant', 'banned admin']);
      expect(problems.map((problem) => problem.split(': ').slice(0, 2).join(': '))).toEqual(
        expect.arrayContaining([
          expect.stringContaining('as demoted admin: 200 instead of 403'),
          expect.stringContaining('as participant: 200 instead of 403'),
        ]),
      );
    });

    it('fails if a refusal contains what it refuses', async () => {
      const cell = await arrange(world, 'outsider');
      const { content, title, secret } = cell.marks;
      const refusal = `No access to "${title}" of ${secret}, with ${content}.`;
      expect(leaks(refusal, cell, { allow: [] })).toEqual(['content', 'title', 'secret']);
      expect(leaks(refusal, { ...cell, kind: 'participant' }, { allow: ['participant'] })).toEqual(['secret']);
    });
  });
});
