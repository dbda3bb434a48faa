import { DIALECT_NAMES } from '../../src/platform/config/dialect-names.js';
import { openApiDocument, forbidUnknownFields } from '../../src/platform/http/openapi-document.js';
import { FrameRouter } from '../../src/platform/realtime/commands/frame-router.js';
import { RealtimeSettings } from '../../src/platform/realtime/connection/realtime-settings.js';
import { TypingService } from '../../src/modules/presence/typing.service.js';
import { arrange, type Cell, isParticipant, leaks, snapshot } from './access-cells.js';
import { ACTORS, DIALECT_FRAMES, type Expectation, isBanned } from './access-expectations.js';
import { badFrames } from './bad-frames.js';
import { type ApiDocument, flat, type Frame } from './contract.js';
import { DIALECT_SPEECHES, DialectClient } from './dialect-clients.js';
import { sampleObject } from './samples.js';
import { each, ContractWorld } from './world.js';

// Thousands of frames; the timeout allows for a busy machine.
jest.setTimeout(180_000);

/** Errors that a client cannot cause. */
const SERVER_ERRORS = ['INTERNAL_ERROR', 'SERVICE_UNAVAILABLE'];

interface DialectFrame extends Frame {
  readonly protocol: string;
  readonly key: string;
}

describe('a frame of a dialect', () => {
  let world: ContractWorld;
  let router: FrameRouter;
  let frames: DialectFrame[];

  beforeAll(async () => {
    world = await ContractWorld.start();
    Object.assign(world.get(RealtimeSettings), {
      maxInvalidFrames: Infinity,
      maxRateLimited: Infinity,
      upgradesPerSecond: 1e6,
    });
    router = world.get(FrameRouter);
    frames = DIALECT_NAMES.flatMap(dialectFrames);
  });
  afterAll(async () => {
    await world?.stop();
  });

  function dialectFrames(protocol: string): DialectFrame[] {
    const definitions = router.definitionsOf(protocol);
    const models = definitions.map(({ dto }) => dto);
    const document = openApiDocument(world.app, models) as unknown as ApiDocument;
    return definitions.map(({ type, dto }) => {
      const ref = { $ref: `#/components/schemas/${dto.name}` };
      forbidUnknownFields(ref, document.components.schemas);
      return { protocol, type, key: `${protocol} ${type}`, data: flat(document, ref) };
    });
  }

  const clientOf = ({ protocol }: DialectFrame, { ids, token }: Cell): DialectClient =>
    new DialectClient(world.url, DIALECT_SPEECHES[protocol]!, ids, token);

  /** Sends all bad input of a frame; returns what was not answered as expected. */
  async function probe(frame: DialectFrame): Promise<string[]> {
    const cell = await arrange(world, 'owner');
    const client = clientOf(frame, cell);
    const refusal = await client.open();
    if (refusal) return [`${frame.key}: was refused: ${refusal}`];
    const problems: string[] = [];
    for (const { name, data, mayPass } of badFrames(frame.data, cell.ids)) {
      const codes = await client.ask(frame.type, data);
      const isFine = codes && (mayPass || codes.length > 0) && !codes.some((code) => SERVER_ERRORS.includes(code));
      if (!isFine) problems.push(`${frame.key} ${name}: ${codes ? codes.join() || 'no error' : 'closed'}`);
      if (!codes) break;
    }
    await router.idle();
    const late = client.frames
      .map(DIALECT_SPEECHES[frame.protocol]!.errorIn)
      .filter((code) => SERVER_ERRORS.includes(code ?? ''));
    client.close();
    return [...problems, ...late.map((code) => `${frame.key}: ${code}`)];
  }

  /** Describes how the treatment of this user by the frame differs from the expectation. */
  async function tryFrame(frame: DialectFrame, expectation: Expectation, cell: Cell): Promise<string[]> {
    const { kind, ids, controlUser } = cell;
    const before = await snapshot(world, cell);
    const client = clientOf(frame, cell);
    const isAllowed = expectation.allow.includes(kind);
    const data = JSON.stringify(expectation.body?.(ids) ?? sampleObject(frame.data, ids));
    const refusal = await client.open();
    const codes = refusal ? [refusal] : ((await client.ask(frame.type, data, () => router.idle())) ?? ['closed']);
    const isAsExpected = isAllowed
      ? codes.length === 0
      : codes.length > 0 && !codes.some((code) => SERVER_ERRORS.includes(code));
    const hasChanged = !isAllowed && (await snapshot(world, cell)) !== before;
    await world.send({
      method: 'POST',
      path: `/api/v1/conversations/${ids.conversationId}/messages`,
      token: controlUser.token,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ content: `later ${cell.marks.content}` }),
    });
    if (!refusal) await client.ask('another.such.frame', undefined);
    client.close();
    const expected: Expectation = isParticipant(kind)
      ? { allow: [kind] }
      : { allow: isAllowed ? [kind] : [], sees: [] };
    const shown = isBanned(kind) && !refusal ? ['connection'] : leaks(JSON.stringify(client.frames), cell, expected);
    return [
      ...(isAsExpected ? [] : [`${codes.join() || 'no error'} instead of ${isAllowed ? 'none' : 'an error'}`]),
      ...shown.map((mark) => `returns the ${mark} of another user`),
      ...(hasChanged ? ['changes something'] : []),
    ];
  }

  async function problemsOf(asked: readonly DialectFrame[]): Promise<string[]> {
    const problems: string[] = [];
    const cells = asked.flatMap((frame) => ACTORS.map((kind) => ({ frame, who: kind })));
    await each(cells, 6, async ({ frame, who: kind }) => {
      const expectation = DIALECT_FRAMES[frame.key] ?? { allow: [] };
      for (const problem of await tryFrame(frame, expectation, await arrange(world, kind))) {
        problems.push(`${frame.key} as ${kind}: ${problem}`);
      }
    });
    return problems;
  }

  it('has a test client and an expectation', () => {
    expect([...new Set(frames.map(({ protocol }) => protocol))].sort()).toEqual(Object.keys(DIALECT_SPEECHES).sort());
    expect(frames.map(({ key }) => key).sort()).toEqual(Object.keys(DIALECT_FRAMES).sort());
  });

  it('is refused with bad input, without closing the connection', async () => {
    const problems: string[] = [];
    await each(frames, 4, async (frame) => void problems.push(...(await probe(frame))));
    expect(problems).toEqual([]);
  });

  it('has the expected access for every kind of user', async () => {
    expect(await problemsOf(frames)).toEqual([]);
  });

  describe('the test of dialect frames as a control', () => {
    afterEach(() => jest.restoreAllMocks());

    it('fails if access is not checked', async () => {
      jest.spyOn(world.get(TypingService), 'start').mockResolvedValue();
      const typing = frames.filter(({ key }) => key === 'messaging typing');
      expect(await problemsOf(typing)).toContainEqual('messaging typing as muted: no error instead of an error');
    });

    it('fails if a frame causes an internal error', async () => {
      jest.spyOn(world.get(TypingService), 'start').mockRejectedValue(new Error('planted'));
      const typing = frames.filter(({ key }) => key === 'messaging typing');
      expect(await problemsOf(typing)).toContainEqual('messaging typing as owner: INTERNAL_ERROR instead of none');
    });
  });
});
