import { sampleFiles, type SampleFile } from '../fixtures/sample-files.js';
import { type FileWorld, startFileWorld } from '../support/file-world.js';
import type { ChatUser } from '../support/chat.js';

const NAMES =
  'jpg png gif webp bmp tiff pdf doc docx xls xlsx ppt pptx txt csv rtf odt ods odp mp3 wav m4a ogg mp4 avi mov zip rar 7z';

describe('a file of every type that is taken', () => {
  let world: FileWorld;
  let ada: ChatUser;
  let samples: Map<string, SampleFile>;

  beforeAll(async () => {
    world = await startFileWorld();
    ada = await world.chat.user('ada');
    samples = new Map((await sampleFiles()).map((sample) => [sample.name.slice(2), sample]));
  });
  afterAll(() => world.stop());

  it.each(NAMES.split(' '))('%s is taken, becomes ready, and comes back', async (extension) => {
    const sample = samples.get(extension)!;
    const { status, body } = await world.upload(ada, sample);
    expect([status, body]).toEqual([201, expect.objectContaining({ status: 'scanning', file_type: sample.type })]);
    const file = await world.scanned(ada, body.id as string);
    expect(file).toMatchObject({ status: 'ready', file_name: sample.name, file_category: sample.category });
    const answer = await world.fetch(ada, file.url as string);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect([answer.status, bytes.length]).toEqual([200, file.file_size]);
    expect(answer.headers.get('content-type')).toBe(sample.type + (/^text/.test(sample.type) ? '; charset=utf-8' : ''));
    if (sample.category !== 'image') expect(bytes.equals(sample.bytes)).toBe(true);
  });

  it.each([
    ['mp3', 1.045],
    ['wav', 2],
    ['m4a', 4],
    ['ogg', 3],
    ['mp4', 4],
    ['mov', 4],
    ['avi', 5],
  ])('%s says how long it plays', async (extension, seconds) => {
    const { body } = await world.upload(ada, samples.get(extension)!);
    expect(body.duration).toBeCloseTo(seconds, 2);
  });

  it.each(['jpg', 'png', 'gif', 'webp', 'bmp', 'tiff'])(
    '%s says how large it is and what to show before',
    async (extension) => {
      const file = await world.ready(ada, samples.get(extension)!);
      const [width, height] = extension === 'bmp' ? [5, 3] : [64, 48];
      expect(file).toMatchObject({ width, height, blurhash: expect.stringMatching(/^.{20,}$/) });
      const thumbnail = await world.fetch(ada, file.thumbnail_url as string);
      expect(thumbnail.headers.get('content-type')).toBe('image/webp');
    },
  );

  it('is taken under every extension and declaration that means it', async () => {
    const jpeg = samples.get('jpg')!;
    for (const [name, type] of [
      ['a.JPEG', 'image/jpeg'],
      ['a.jpg', 'image/jpg'],
      ['a.jpg', 'application/octet-stream'],
    ] as const) {
      expect((await world.upload(ada, { ...jpeg, name, type })).status).toBe(201);
    }
    const csv = samples.get('csv')!;
    expect((await world.upload(ada, { ...csv, type: 'application/vnd.ms-excel' })).body.file_type).toBe('text/csv');
  });
});
