import { typedFrame } from './frame-object.js';

describe('a frame of a client', () => {
  it('has a type and any other fields', () => {
    expect(typedFrame('{"type":"say","data":{"text":"hello"}}')).toEqual({ type: 'say', data: { text: 'hello' } });
  });

  it('has the default type of its protocol if none is given', () => {
    expect(typedFrame('{"message":"hello"}', 'message')).toEqual({ type: 'message', message: 'hello' });
    expect(typedFrame('{"type":"typing"}', 'message')).toEqual({ type: 'typing' });
  });

  it.each([
    ['not JSON', '{'],
    ['text', '"say"'],
    ['null', 'null'],
    ['a list', '[{"type":"say"}]'],
    ['without a type', '{"data":{}}'],
    ['of a type that is not text', '{"type":7}'],
    ['of too long a type', JSON.stringify({ type: 'x'.repeat(65) })],
  ])('rejects %s', (_name, text) => {
    expect(() => typedFrame(text)).toThrow('The frame is not valid.');
  });
});
