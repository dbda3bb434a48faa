/** The server answered with an error. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The REST API of a running server, as anybody would call it. */
export class Api {
  constructor(
    readonly url: string,
    private readonly token?: string,
  ) {}

  /** The same API as somebody else. */
  as(token: string): Api {
    return new Api(this.url, token);
  }

  get<Body>(path: string): Promise<Body> {
    return this.call<Body>('GET', path);
  }

  post<Body>(path: string, body: object): Promise<Body> {
    return this.call<Body>('POST', path, body);
  }

  /** @throws ApiError for every answer that is not a success, TypeError when nobody answers */
  private async call<Body>(method: string, path: string, body?: object): Promise<Body> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(this.token && { authorization: `Bearer ${this.token}` }),
      },
      body: body && JSON.stringify(body),
    });
    const answer = (await response.json()) as Body & { error?: { code: string; message: string } };
    if (response.ok) return answer;
    throw new ApiError(response.status, answer.error?.code ?? '', answer.error?.message ?? response.statusText);
  }
}
