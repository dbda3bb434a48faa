import { type HttpResponse, request } from './client/http.js';

/** Calls of one user to exactly the given path. */
export type LiteralCall = (
  method: string,
  path: string,
  body?: object | string,
  headers?: Record<string, string>,
) => Promise<HttpResponse>;

export function literalCalls(url: string, token?: string): LiteralCall {
  return (method, path, body, headers) => request(method, url + path, { token, body, headers });
}

/** One field of a form with a file in it. */
export function fileForm(name: string, type: string, content: string): { text: string; type: string } {
  const head = `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${type}`;
  return { text: `--x\r\n${head}\r\n\r\n${content}\r\n--x--\r\n`, type: 'multipart/form-data; boundary=x' };
}
