import type { Answer } from './chat.js';
import { type AnyJson, call } from './dialect-client.js';

/** Calls of one user to exactly the given path. */
export type LiteralCall = (
  method: string,
  address: string,
  body?: object | string,
  headers?: Record<string, string>,
) => Promise<Answer>;

export function literalCalls(url: string, token?: string): LiteralCall {
  return (method, address, body, headers) => call(url, method, address, { token, body, headers });
}

/** One field of a form with a file in it. */
export function fileForm(name: string, type: string, content: string): { text: string; type: string } {
  const head = `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${type}`;
  return { text: `--x\r\n${head}\r\n\r\n${content}\r\n--x--\r\n`, type: 'multipart/form-data; boundary=x' };
}

/** Matches a frame that has these fields. */
export function having(part: AnyJson): (frame: AnyJson) => boolean {
  return (frame) => Object.entries(part).every(([name, value]) => frame[name] === value);
}
