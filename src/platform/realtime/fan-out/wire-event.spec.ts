import { cacheJson } from '../../json/json-encoding.js';
import { encodeEvent, type StreamKind, wireEvent } from './wire-event.js';

const EVENT = {
  streamId: '550e8400-e29b-41d4-a716-446655440000',
  seq: 7,
  type: 'message.created',
  actorId: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  subjectId: null,
  payload: null,
  at: new Date('2024-01-01T12:00:00.123Z'),
};
const DATA = { content: 'a "quote", a \\ and a\nline' };
const OWN = { ...DATA, client_message_id: 'mine' };

describe('a durable event', () => {
  it.each<[string, StreamKind, string | null, object]>([
    ['in a conversation', 'conversation', EVENT.actorId, { data: DATA, prev: 6 }],
    ['of the system', 'conversation', null, { data: DATA, prev: 6 }],
    ['in the stream of a user', 'user', EVENT.actorId, { data: DATA, prev: 6 }],
    ['for its sender', 'conversation', EVENT.actorId, { data: DATA, prev: 6, override: { userId: 'me', data: OWN } }],
    [
      'for a new participant',
      'conversation',
      EVENT.actorId,
      { data: DATA, prev: 6, override: { userId: 'me', prev: 0 } },
    ],
    ['that was encoded before', 'conversation', null, { data: cacheJson({ ...DATA }, JSON.stringify(DATA)), prev: 6 }],
  ])('is encoded as the JSON of the object that codecs translate: %s', (_name, kind, actorId, content) => {
    const wire = wireEvent(kind, { ...EVENT, actorId }, content as Parameters<typeof wireEvent>[2]);
    expect(encodeEvent(wire)).toBe(JSON.stringify(wire));
  });
});
