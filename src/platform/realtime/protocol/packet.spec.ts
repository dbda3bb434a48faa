import { WebSocket } from 'ws';
import { EncodedFrame } from './encoded-frame.js';
import { encodeTextFrame, Reply } from './packet.js';

interface Framing {
  Sender: { frame(data: Buffer, options: object): Buffer[] };
}

describe('the encoding of packets', () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])('frames text of %i bytes as ws does', (length) => {
    const options = { fin: true, opcode: 1, mask: false, readOnly: true, rsv1: false };
    const expected = (WebSocket as unknown as Framing).Sender.frame(Buffer.from('x'.repeat(length)), options);
    expect(encodeTextFrame('x'.repeat(length)).equals(Buffer.concat(expected))).toBe(true);
  });

  it('counts the bytes of text, not its characters', () => {
    expect(encodeTextFrame('grüß €😀').subarray(2).toString()).toBe('grüß €😀');
  });

  it('writes an event the same for both transports', () => {
    const frame = EncodedFrame.of('typing', { data: { a: 1 } });
    expect(frame.webSocketFrame.subarray(2).toString()).toBe('{"type":"typing","data":{"a":1}}');
    expect(frame.socketIo).toBe('2["typing",{"type":"typing","data":{"a":1}}]');
    expect(frame.engineOptions.wsPreEncodedFrame![0]!.subarray(2).toString()).toBe(`4${frame.socketIo}`);
  });

  it('writes a reply under the id of its request, whatever its characters', () => {
    expect(new Reply('a"b', '{"ok":true}').webSocketFrame.subarray(2).toString()).toBe(
      '{"type":"reply","id":"a\\"b","ok":true}',
    );
    expect(new Reply(7, '{"ok":true}').socketIo).toBe('37[{"ok":true}]');
  });
});
