import { typedFrame } from './frame-object.js';

describe('a frame of a client', () => {
  it('is an object with a type, and whatever else is in it', () => {
    expect(typedFrame('{"type":"say","data":{"text":"hello"}}')).toEqual({ type: 'say', data: { text: 'hello' } });
  });

  it('has the type of its protocol where that lets it be left out', () => {
    expect(typedFrame('{"message":"hello"}', 'message')).toEqual({ type: 'message', message: 'hello' });
    expect(typedFrame('{"type":"typing"}', 'message')).toEqual({ type: 'typing' });
  });

  it.each([
    ['no JSON', '{'],
    ['text', '"say"'],
    ['null', 'null'],
    ['a list', '[{"type":"say"}]'],
    ['without a type', '{"data":{}}'],
    ['of a type that is no text', '{"type":7}'],
    ['of too long a type', JSON.stringify({ type: 'x'.repeat(65) })],
  ])('is refused when it is %s', (_name, text) => {
    expect(() => typedFrame(text)).toThrow('The frame is not valid.');
  });
});
