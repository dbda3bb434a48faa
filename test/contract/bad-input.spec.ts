import { runInThisContext } from 'node:vm';
import { MessagesService } from '../../src/modules/messages/messages.service.js';
import { apiDocument } from '../../src/platform/http/api-document.js';
import { InputPipe } from '../../src/platform/http/input.pipe.js';
import { RealtimeSettings } from '../../src/platform/realtime/realtime-settings.js';
import { protocolDocument } from '../../src/platform/realtime/protocol-document.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { badFrames } from './bad-frames.js';
import { badRequests, type BadRequest } from './bad-requests.js';
import { Bystanders } from './bystanders.js';
import {
  type ApiDocument,
  type ApiOperation,
  codesOf,
  errorCodesOf,
  flat,
  framesOf,
  operationsOf,
} from './contract.js';
import type { KnownIds } from './samples.js';
import { TEXT_CLIENTS } from './text-clients.js';
import { each, type RawAnswer, World } from './world.js';

const realProcess = runInThisContext('process') as NodeJS.Process;

// Thousands of requests; the bound is for a machine that is busy with other things.
jest.setTimeout(420_000);

describe('bad input', () => {
  let test: TestApp;
  let world: World;
  let api: ApiDocument;
  let bystanders: Bystanders;
  const accidents: unknown[] = [];
  const notice = (error: unknown): void => void accidents.push(error);

  beforeAll(async () => {
    realProcess.on('uncaughtException', notice).on('unhandledRejection', notice);
    test = await startTestApp();
    Object.assign(test.app.get(RealtimeSettings), {
      maxInvalidFrames: Infinity,
      maxRateLimited: Infinity,
      upgradesPerSecond: 1e6,
    });
    world = new World(test);
    api = apiDocument(test.app) as unknown as ApiDocument;
    bystanders = await Bystanders.join(world);
  });
  afterAll(async () => {
    bystanders?.leave();
    world?.close();
    await test?.close();
    realProcess.off('uncaughtException', notice).off('unhandledRejection', notice);
  });

  /** A conversation of one’s own to be wrong about. */
  async function arrange(): Promise<{ token: string; ids: KnownIds }> {
    const [actor, other] = [await world.person(), await world.person()];
    const conversationId = await world.conversation([
      [actor, { role: 'owner' }],
      [other, { role: 'participant' }],
    ]);
    const messageId = await world.message(conversationId, actor, 'something to be wrong about');
    const fileId = await world.file(messageId, actor, 'a file to be wrong about');
    const { webhookId, deliveryId } = await world.webhook(actor, 'a webhook to be wrong about');
    const { token, sessionId } = actor;
    const marks = { content: 'something held', title: 'a rule to be wrong about' };
    const moderation = await world.moderation(messageId, { author: actor, reporter: other }, marks);
    const hooks = { webhookId, deliveryId };
    const ids = { conversationId, messageId, fileId, ...hooks, ...moderation, userId: other.userId, sessionId };
    return { token, ids };
  }

  function problemOf(operation: ApiOperation, { mayPass }: BadRequest, answer: RawAnswer): string | undefined {
    const { status, code, text } = answer;
    if (status < 300 && mayPass) return undefined;
    const isDocumented = code === 'ROUTE_NOT_FOUND' || codesOf(api, operation, status).includes(code ?? '');
    // Refused for another reason than the one that is tested.
    const isBesides = !mayPass && [401, 403, 423, 429].includes(status);
    if (status >= 400 && status < 500 && isDocumented && !isBesides) return undefined;
    return `${status} ${code ?? text.slice(0, 200)}`;
  }

  /** Sends all that is wrong with these routes; what was not answered as the documents say, and how much was sent. */
  async function probe(operations: ApiOperation[]): Promise<{ problems: string[]; count: number }> {
    const problems: string[] = [];
    let count = 0;
    await each(operations, 12, async (operation) => {
      const { token, ids } = await arrange();
      const requests = badRequests(operation, ids);
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
      // What may pass may also end the session, or the conversation: it comes last.
      for (const bad of requests.filter(({ mayPass }) => mayPass)) await ask(bad);
    });
    return { problems, count };
  }

  it('on any route is refused as the documents say, and breaks nothing', async () => {
    const { problems, count } = await probe(operationsOf(api));
    expect(problems).toEqual([]);
    expect(count).toBeGreaterThan(2000);
  });

  describe('is noticed', () => {
    const one = (key: string): ApiOperation[] => operationsOf(api).filter((operation) => operation.key === key);
    afterEach(() => jest.restoreAllMocks());

    it('when nobody looks at it', async () => {
      jest.spyOn(InputPipe.prototype, 'transform').mockImplementation((value: unknown) => value);
      const { problems } = await probe(one('PATCH /api/v1/users/me'));
      expect(problems).toContainEqual(expect.stringContaining('body: an unknown field: 200'));
      expect(problems).toContainEqual(expect.stringContaining('body: bio is a list in lists: 500'));
    });

    it('when it makes the program fail', async () => {
      jest.spyOn(MessagesService.prototype, 'list').mockRejectedValue(new Error('planted'));
      const { problems } = await probe(one('GET /api/v1/conversations/{id}/messages'));
      expect(problems).toContainEqual(expect.stringContaining('500 INTERNAL_ERROR'));
    });
  });

  describe.each(TEXT_CLIENTS)('over %s', (_name, connect) => {
    const port = (): number => Number(new URL(test.url).port);

    it('in any frame is refused as the documents say, and closes nothing', async () => {
      const protocol = protocolDocument(test.app);
      const declined = errorCodesOf(protocol).filter(
        (code) => code !== 'INTERNAL_ERROR' && code !== 'SERVICE_UNAVAILABLE',
      );
      const problems: string[] = [];
      await each(framesOf(protocol), 4, async ({ type, data: schema }) => {
        const { token, ids } = await arrange();
        const client = connect(port(), token);
        await client.isOpen;
        const frames = badFrames(schema, ids).sort((a, b) => Number(a.mayPass) - Number(b.mayPass));
        for (const { name, data, mayPass } of frames) {
          const reply = await client.ask(type, data);
          const isFine = reply?.ok ? mayPass : declined.includes(reply?.error?.code ?? '');
          if (!isFine) problems.push(`${type} ${name}: ${JSON.stringify(reply)}`);
          if (!reply) break;
        }
        client.close();
      });
      expect(problems).toEqual([]);
    });

    it('in the frame that says who one is closes nothing either', async () => {
      const client = connect(port(), undefined);
      await client.isOpen;
      const schema = flat(protocolDocument(test.app), { $ref: '#/components/schemas/AuthFrameDto' });
      for (const { name, data } of badFrames(schema, (await arrange()).ids)) {
        const reply = await client.ask('auth', data);
        expect([name, reply?.ok, reply?.error?.code]).toEqual([
          name,
          false,
          expect.stringMatching(/^(VALIDATION_ERROR|AUTHENTICATION_REQUIRED)$/),
        ]);
      }
      client.close();
    });

    it('of more than 64 kB costs its sender the connection', async () => {
      const { token } = await arrange();
      for (const { type } of framesOf(protocolDocument(test.app))) {
        const client = connect(port(), token);
        await client.isOpen;
        expect(await client.ask(type, `{"content":"${'x'.repeat(65_536)}"}`)).toBeUndefined();
      }
    });
  });

  it('leaves everybody else connected and served, and the process unharmed', async () => {
    await bystanders.talk();
    expect(accidents).toEqual([]);
  });
});
