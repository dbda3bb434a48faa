import { frameText, type WebSocketPacket } from '../../platform/realtime/protocol/packet.js';

/** Every session id has this length: a UUID. */
const ID_LENGTH = 36;
const PLACEHOLDER = '-'.repeat(ID_LENGTH);

/** The shared part of an envelope for all receivers: an encoded frame with a placeholder for the session id. */
export class SharedEnvelope {
  private readonly frame: Buffer;
  private readonly idAt: number;

  constructor(type: string, data: object, timestamp = Date.now()) {
    const head = `{"type":${JSON.stringify(type)},"timestamp":${timestamp},"session_id":"`;
    const metadata = '"metadata":{"version":"1.0","source":"server"}}';
    this.frame = frameText(`${head}${PLACEHOLDER}","data":${JSON.stringify(data)},${metadata}`);
    this.idAt = this.frame.indexOf(head + PLACEHOLDER) + head.length;
  }

  /** Returns the envelope of one receiver: a copy with their session id. */
  to(sessionId: string): WebSocketPacket {
    const webSocketFrame = Buffer.from(this.frame);
    webSocketFrame.write(sessionId, this.idAt, ID_LENGTH, 'latin1');
    return { size: webSocketFrame.length, webSocketFrame };
  }
}
