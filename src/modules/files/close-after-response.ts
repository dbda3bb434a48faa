import type { Response } from 'express';
import type { ParleyRequest } from '../../platform/http/parley-request.js';

/**
 * Ends the connection of a request that is refused while it arrives. Data after the response is still read for a moment:
 * an immediate close could lose the response (RFC 9112, 9.6).
 */
export function closeAfterResponse(request: ParleyRequest, response: Response, lingerMs: number): void {
  if (request.complete || response.headersSent) return;
  const { socket } = request;
  response.setHeader('Connection', 'close');
  socket.destroySoon = () => void socket.end(); // called by the server after a response with `Connection: close`
  response.once('finish', () => setTimeout(() => socket.destroy(), lingerMs).unref());
}
