import { newId } from '../../src/platform/database/ids.js';
import { runInThisContext } from 'node:vm';
import { MessageQueriesService } from '../../src/modules/messages/message-queries.service.js';
import { ValidationError } from '../../src/platform/errors/app-error.js';
import { openApiDocument } from '../../src/platform/http/openapi-document.js';
import { InputPipe } from '../../src/platform/http/input.pipe.js';
import { RealtimeSettings } from '../../src/platform/realtime/connection/realtime-settings.js';
import { protocolDocument } from '../../src/platform/realtime/protocol/protocol-document.js';
import type { UserFacts } from '../support/send-path.js';
import { badFrames } from './bad-frames.js';
import { badRequests, type BadRequest } from './bad-requests.js';
import { ControlUsers } from './control-users.js';
import {
  type ApiDocument,
  type ApiOperation,
  codesOf,
  differencesFromDocument,
  differencesOfRefusal,
  errorCodesOf,
  flat,
  framesOf,
  operationsOf,
} from './contract.js';
import { addressOf, exampleWith, type KnownIds, sample } from './samples.js';
import { ask, TEXT_CLIENTS } from './text-clients.js';
import { each, type CodedResponse, ContractWorld } from './world.js';

const realProcess = runInThisContext('process') as NodeJS.Process;

/** BAD_INPUT=all sends every value to every field, which takes several times as long. */
const IS_COMPLETE = process.env.BAD_INPUT === 'all';

// Thousands of requests; the timeout allows for a busy machine.
jest.setTimeout(420_000);

/** The place of a frame, which decides its share. */
const placeOf = (place: string): string | undefined => (IS_COMPLETE ? undefined : place);

/** The name of a bad request without its field. */
const kindOf = (name: string): string => name.replace(/^(body: |\?)?\S+ (is|=) /, '$1');

describe('bad input', () => {
  let world: ContractWorld;
  let api: ApiDocument;
  let controlUsers: ControlUsers;
  const defects: unknown[] = [];
  const notice = (error: unknown): void => void defects.push(error);

  beforeAll(async () => {
    realProcess.on('uncaughtException', notice).on('unhandledRejection', notice);
    world = await ContractWorld.start();
    Object.assign(world.get(RealtimeSettings), {
      maxInvalidFrames: Infinity,
      maxRateLimited: Infinity,
      upgradesPerSecond: 1e6,
    });
    api = openApiDocument(world.app) as unknown as ApiDocument;
    controlUsers = await ControlUsers.join(world);
  });
  afterAll(async () => {
    controlUsers?.leave();
    await world?.stop();
    realProcess.off('uncaughtException', notice).off('unhandledRejection', notice);
  });

  /** A conversation of the user's own as a target. */
  async function arrange(facts?: UserFacts): Promise<{ token: string; ids: KnownIds }> {
    const [actor, other] = [await world.user(facts), await world.user()];
    const conversationId = await world.conversation([
      [actor, { role: 'owner' }],
      [other, { role: 'participant' }],
    ]);
    const messageId = await world.message(conversationId, actor, 'something as a target');
    const fileId = await world.file(messageId, actor, 'a file as a target');
    const { webhookId, deliveryId } = await world.webhook(actor, 'a webhook as a target');
    const scheduledId = await world.scheduled(conversationId, actor, 'a message for later');
    const { token, sessionId } = actor;
    const marks = { content: 'something held', title: 'a rule as a target' };
    const moderation = await world.moderation(messageId, { author: actor, reporter: other }, marks);
    const hooks = { webhookId, deliveryId };
    const keyId = newId(); // only admins look keys up
    const own = { scheduledId, sessionId, keyId };
    const ids = { conversationId, messageId, fileId, ...hooks, ...moderation, userId: other.userId, ...own };
    return { token, ids };
  }

  function problemOf(operation: ApiOperation, { mayPass }: BadRequest, answer: CodedResponse): string | undefined {
    const { status, code, text } = answer;
    if (status < 300 && mayPass) return undefined;
    const isDocumented = code === 'ROUTE_NOT_FOUND' || codesOf(api, operation, status).includes(code ?? '');
    // Refused for another reason than the tested one.
    const isOtherRefusal = !mayPass && [401, 403, 423, 429].includes(status);
    if (status < 400 || status >= 500 || !isDocumented || isOtherRefusal)
      return `${status} ${code ?? text.slice(0, 200)}`;
    const differences = code === 'ROUTE_NOT_FOUND' ? [] : differencesFromDocument(api, operation, answer);
    return differences.length === 0 ? undefined : `${code}: ${differences.join()}`;
  }

  /**
   * Sends bad requests to these routes; returns the responses that are not documented, and the number of requests.
   */
  async function probe(
    operations: ApiOperation[],
    isComplete = IS_COMPLETE,
  ): Promise<{ problems: string[]; count: number }> {
    const problems: string[] = [];
    let count = 0;
    await each(operations, 12, async (operation) => {
      const { token, ids } = await arrange();
      const requests = badRequests(operation, ids, isComplete);
      const ask = async (bad: BadRequest): Promise<void> => {
        const answer = await world.send({ ...bad.request, token: operation.isPublic ? undefined : token });
        const problem = problemOf(operation, bad, answer);
        if (problem) problems.push(`${operation.key} ${bad.name}: ${problem}`);
        count += 1;
      };
      for (const bad of requests.filter(({ mayPass }) => !mayPass)) await ask(bad);
      const { status } = await world.send({
        method: 'GET',
        path: `/api/v1/conversations/${ids.conversationId}`,
        token,
      });
      if (status !== 200) problems.push(`${operation.key}: what should have been refused has changed something`);
      // Requests that may pass may also end the session or the conversation: they come last.
      for (const bad of requests.filter(({ mayPass }) => mayPass)) await ask(bad);
    });
    return { problems, count };
  }

  it('is refused on every route as documented, and breaks nothing', async () => {
    const { problems, count } = await probe(operationsOf(api));
    expect(problems).toEqual([]);
    expect(count).toBeGreaterThan(5000);
  });

  it('is of every kind, although a field gets only its share of what all fields get', async () => {
    const { ids } = await arrange();
    const operations = operationsOf(api);
    const kindsOf = (isComplete: boolean): Set<string> =>
      new Set(
        operations.flatMap((operation) => badRequests(operation, ids, isComplete).map(({ name }) => kindOf(name))),
      );
    const sent = kindsOf(false);
    expect([...kindsOf(true)].filter((kind) => !sent.has(kind))).toEqual([]);
  });

  it('is not what the examples of the document are: each body is accepted once its ids exist', async () => {
    const problems: string[] = [];
    const withBody = operationsOf(api).filter(({ example }) => example !== undefined);
    await each(withBody, 6, async ({ key, method, path, example, parameters }) => {
      const { token, ids } = await arrange({ role: 'admin' });
      const query = parameters
        .filter((parameter) => parameter.in === 'query' && parameter.required)
        .map(({ name, schema = {} }) => `${name}=${encodeURIComponent(String(sample(schema, name, ids)))}`);
      const answer = await world.send({
        method,
        path: `${addressOf(path, ids)}?${query.join('&')}`,
        token,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(exampleWith(example, ids)),
      });
      if ([400, 415, 422, 500].includes(answer.status)) {
        problems.push(`${key} ${JSON.stringify(example)}: ${answer.status} ${answer.text.slice(0, 300)}`);
      }
    });
    expect(problems).toEqual([]);
    expect(withBody.length).toBeGreaterThan(50);
  });

  describe('the test of bad input as a control', () => {
    const one = (key: string): ApiOperation[] => operationsOf(api).filter((operation) => operation.key === key);
    afterEach(() => jest.restoreAllMocks());

    it('fails if input is not validated', async () => {
      jest.spyOn(InputPipe.prototype, 'transform').mockImplementation((value: unknown) => value);
      const { problems } = await probe(one('PATCH /api/v1/users/me'), true);
      expect(problems).toContainEqual(expect.stringContaining('body: an unknown field: 200'));
      expect(problems).toContainEqual(expect.stringContaining('body: bio is a list in lists: 500'));
    });

    it('fails if a request causes a 500', async () => {
      jest.spyOn(MessageQueriesService.prototype, 'list').mockRejectedValue(new Error('planted'));
      const { problems } = await probe(one('GET /api/v1/conversations/{id}/messages'));
      expect(problems).toContainEqual(expect.stringContaining('500 INTERNAL_ERROR'));
    });

    it('fails if an error has other details than those of the document', async () => {
      const more = Object.assign(ValidationError.of('limit', 'is planted'), { details: { errors: [], more: 1 } });
      const none = Object.assign(ValidationError.of('limit', 'is planted'), { details: {} });
      const list = jest.spyOn(MessageQueriesService.prototype, 'list');
      for (const [error, difference] of [
        [more, 'error.details.more: not described'],
        [none, 'error.details.errors: missing'],
      ] as const) {
        list.mockRejectedValue(error);
        const { problems } = await probe(one('GET /api/v1/conversations/{id}/messages'));
        expect(problems).toContainEqual(expect.stringContaining(difference));
      }
    });
  });

  describe.each(TEXT_CLIENTS)('over %s', (transport, connect) => {
    const port = (): number => world.port;

    it('is refused in every frame as documented, and closes no connection', async () => {
      const protocol = protocolDocument(world.app);
      const declined = errorCodesOf(protocol).filter(
        (code) => code !== 'INTERNAL_ERROR' && code !== 'SERVICE_UNAVAILABLE',
      );
      const problems: string[] = [];
      await each(framesOf(protocol), 4, async ({ type, data: schema }) => {
        const { token, ids } = await arrange();
        const client = connect(port(), token);
        await client.admitted;
        const frames = badFrames(schema, ids, placeOf(`${transport} ${type}`)).sort(
          (a, b) => Number(a.mayPass) - Number(b.mayPass),
        );
        for (const { name, data, mayPass } of frames) {
          const reply = await ask(client, type, data);
          const isFine = reply?.ok ? mayPass : declined.includes(reply?.error?.code ?? '');
          const differences = reply?.error ? differencesOfRefusal(protocol, reply.error) : [];
          if (!isFine || differences.length > 0)
            problems.push(`${type} ${name}: ${JSON.stringify(reply)} ${differences.join()}`);
          if (!reply) break;
        }
        client.close();
      });
      expect(problems).toEqual([]);
    });

    it('is refused in the auth frame without closing the connection', async () => {
      const client = connect(port(), undefined);
      await client.admitted;
      const schema = flat(protocolDocument(world.app), { $ref: '#/components/schemas/AuthFrameDto' });
      for (const { name, data } of badFrames(schema, (await arrange()).ids)) {
        const reply = await ask(client, 'auth', data);
        expect([name, reply?.ok, reply?.error?.code]).toEqual([
          name,
          false,
          expect.stringMatching(/^(VALIDATION_ERROR|AUTHENTICATION_REQUIRED|PERMISSION_DENIED)$/),
        ]);
      }
      client.close();
    });

    it('closes the connection of its sender above 64 kB', async () => {
      const { token } = await arrange();
      for (const { type } of framesOf(protocolDocument(world.app))) {
        const client = connect(port(), token);
        await client.admitted;
        expect(await ask(client, type, `{"content":"${'x'.repeat(65_536)}"}`)).toBeUndefined();
      }
    });
  });

  it('leaves other users connected and served, and the process unharmed', async () => {
    await controlUsers.talk();
    expect(defects).toEqual([]);
  });
});
