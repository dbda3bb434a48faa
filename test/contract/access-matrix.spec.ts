import { ParticipantsPolicy } from '../../src/modules/participants/participants.policy.js';
import { UsersPolicy } from '../../src/modules/users/users.policy.js';
import { openApiDocument } from '../../src/platform/http/openapi-document.js';
import { JwtAuthGuard } from '../../src/platform/http/jwt-auth.guard.js';
import { protocolDocument } from '../../src/platform/realtime/protocol/protocol-document.js';
import { RealtimeSettings } from '../../src/platform/realtime/connection/realtime-settings.js';
import { arrange, Cells, CONNECT, leaks, tryFrame, tryRoute } from './access-cells.js';
import { ACTORS, FRAMES, ROUTES, type ActorKind } from './access-expectations.js';
import { type ApiDocument, type ApiOperation, type Frame, framesOf, operationsOf } from './contract.js';
import { addressOf, sampleObject, headersFor } from './samples.js';
import { each, ContractWorld } from './world.js';
import { type Scope, SCOPES } from '../../src/platform/identity/server-key.js';

interface Attempt {
  readonly status: number;
  readonly isScopeMissing: boolean;
  readonly text: string;
}

/** Routes that need a session of the user: refused or without effect for a key that acts as them. */
const OF_OWN_SESSION = ['POST /api/v1/auth/logout', 'POST /api/v1/auth/ticket'];

// Thousands of requests; the timeout allows for a busy machine.
jest.setTimeout(180_000);

describe('the access matrix', () => {
  let world: ContractWorld;
  let document: ApiDocument;
  let operations: ApiOperation[];
  let frames: Frame[];
  /** For each scope, a key with all others and one with only this scope. */
  const keys = new Map<Scope | 'all', [string, string]>();

  beforeAll(async () => {
    world = await ContractWorld.start();
    Object.assign(world.get(RealtimeSettings), {
      maxInvalidFrames: Infinity,
      upgradesPerSecond: 1e6,
    });
    document = openApiDocument(world.app) as unknown as ApiDocument;
    operations = operationsOf(document);
    frames = framesOf(protocolDocument(world.app));
    for (const scope of SCOPES) {
      const others = SCOPES.filter((other) => other !== scope && other !== 'act-as');
      keys.set(scope, [(await world.serverKey(...others)).secret, (await world.serverKey(scope)).secret]);
    }
    keys.set('all', [(await world.serverKey(...SCOPES)).secret, '']);
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

  /** Tries every route with keys of the host's backend, and returns what differs from the scope of the route. */
  async function problemsOfKeys(asked: ApiOperation[]): Promise<string[]> {
    const problems: string[] = [];
    const cell = await arrange(world, 'participant');
    const attempt = async (operation: ApiOperation, token: string): Promise<Attempt> => {
      const { method, path, key, body } = operation;
      const { query, raw, body: bodyOf } = ROUTES[key] ?? { allow: [] };
      const asked = query?.(cell.ids);
      const json = body && (bodyOf?.(cell.ids) ?? sampleObject(body, cell.ids));
      const sent = raw?.(cell.ids) ?? (json && { type: 'application/json', text: JSON.stringify(json) });
      const { status, text, code } = await world.send({
        ...{ method, token, path: addressOf(path, cell.ids) + (asked ? `?${asked}` : ''), body: sent?.text },
        headers: { ...headersFor(operation), ...(sent && { 'content-type': sent.type }) },
      });
      return { status, isScopeMissing: code === 'PERMISSION_DENIED' && text.includes('required_scope'), text };
    };
    await each(asked, 6, async (operation) => {
      const { key, scope } = operation;
      const others = SCOPES.filter((other) => other !== scope);
      const refused = await attempt(operation, keys.get(scope ?? 'all')![0]);
      if (refused.status !== 403 || (scope !== undefined) !== refused.isScopeMissing) {
        problems.push(`${key} with ${others.length} other scopes: ${refused.status} ${refused.text.slice(0, 160)}`);
      }
      if (scope === undefined) return;
      const { status, isScopeMissing, text } = await attempt(operation, keys.get(scope)![1]);
      if (status === 401 || isScopeMissing || status >= 500) {
        problems.push(`${key} with the scope ${scope}: ${status} ${text.slice(0, 160)}`);
      }
    });
    return problems;
  }

  describe('the access matrix for server keys', () => {
    afterEach(() => jest.restoreAllMocks());

    it('refuses a key without the scope of the route, and on every route without one', async () => {
      expect(await problemsOfKeys(operations.filter(({ isPublic }) => !isPublic))).toEqual([]);
    });

    it('treats a key that acts as a user like that user, except where a session of theirs is needed', async () => {
      const { secret } = await world.serverKey('act-as');
      const problems: string[] = [];
      const asked = operations.filter(({ isPublic, key }) => !isPublic && !OF_OWN_SESSION.includes(key));
      for (const kind of ['outsider', 'muted', 'owner'] as const) {
        const arranged = new Cells(world);
        await each(asked, 6, (operation) =>
          arranged.use(kind, async (cell) => {
            const expectation = ROUTES[operation.key] ?? { allow: [] };
            const acting = { ...cell, token: secret, headers: { 'x-act-as': cell.actor.userId } };
            const found = await tryRoute(world, { document, operation, expectation, cell: acting });
            problems.push(...found.map((problem) => `${operation.key} as ${kind}: ${problem}`));
            return found.length === 0 && (operation.method === 'GET' || !expectation.allow.includes(kind));
          }),
        );
      }
      expect(problems).toEqual([]);
    });

    it('fails if scopes are not checked', async () => {
      jest.spyOn(JwtAuthGuard.prototype as unknown as { requireScope(): void }, 'requireScope').mockReturnValue();
      const asked = ['GET /api/v1/admin/stats', 'GET /api/v1/users/me', 'POST /api/v1/reports'];
      const problems = await problemsOfKeys(operations.filter(({ key }) => asked.includes(key)));
      expect(problems.map((problem) => problem.split(' with ')[0]).sort()).toEqual([...asked].sort());
    });
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
