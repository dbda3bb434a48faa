/** A response whose body was read: JSON is parsed, other content is text, and no content is undefined. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  // The shape differs by route, and asserting it is the purpose of the tests.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export interface HttpOptions {
  /** The access token of the caller. */
  readonly token?: string;
  /** An object is sent as JSON; anything else is sent as it is, with the type in `headers`. */
  readonly body?: object | FormData | ReadableStream | Uint8Array | string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** Sends a request and leaves the body of the response to the caller. Redirects are not followed. */
export function send(
  method: string,
  url: string,
  { token, body, headers, signal }: HttpOptions = {},
): Promise<Response> {
  const isLiteral =
    typeof body === 'string' || [FormData, ReadableStream, Uint8Array].some((kind) => body instanceof kind);
  return fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && !isLiteral && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: isLiteral ? (body as NonNullable<RequestInit['body']>) : body && JSON.stringify(body),
    signal,
    duplex: 'half',
  } as RequestInit);
}

/** Sends a request and reads the response. */
export async function request(method: string, url: string, options?: HttpOptions): Promise<HttpResponse> {
  const response = await send(method, url, options);
  const { status, headers } = response;
  const text = await response.text();
  const isJson = /\bjson\b/.test(headers.get('content-type') ?? '');
  return { status, headers, body: text === '' ? undefined : isJson ? JSON.parse(text) : text };
}
