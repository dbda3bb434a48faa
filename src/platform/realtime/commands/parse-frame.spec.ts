import { parseTypedFrame } from './parse-frame.js';

describe('a frame of a client', () => {
  it('has a type and any other fields', () => {
    expect(parseTypedFrame('{"type":"say","data":{"text":"hello"}}')).toEqual({ type: 'say', data: { text: 'hello' } });
  });

  it('has the default type of its protocol if none is given', () => {
    expect(parseTypedFrame('{"message":"hello"}', 'message')).toEqual({ type: 'message', message: 'hello' });
    expect(parseTypedFrame('{"type":"typing"}', 'message')).toEqual({ type: 'typing' });
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
    expect(() => parseTypedFrame(text)).toThrow('The frame is not valid.');
  });
});
