import { Agent, request as httpRequest } from 'node:http';

/** The server refused the request finally: trying again changes nothing. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(`${status} ${code}: ${message}`);
  }
}

/** No response, or one that says "later": the outcome of the request is unknown. */
export class Unanswered extends Error {}

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Record<string, string | string[] | undefined>;
}

const TIMEOUT_MS = 5000;

/** The REST client of one user, on the node that `address` returns at the moment. */
export class Rest {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(
    readonly address: () => string,
    public token?: string,
  ) {}

  get<Body>(path: string): Promise<Body> {
    return this.call<Body>('GET', path);
  }

  post<Body>(path: string, body: object = {}): Promise<Body> {
    return this.call<Body>('POST', path, body);
  }

  /** The body of a successful response. @throws Refused, Unanswered */
  async call<Body>(method: string, path: string, body?: object): Promise<Body> {
    return (await this.ask<Body>(method, path, body)).body;
  }

  /** @throws Refused, Unanswered */
  async ask<Body>(method: string, path: string, body?: object): Promise<Answer<Body>> {
    const { status, text, headers } = await this.exchange(
      method,
      path.startsWith('/chaos') ? path : `/api/v1${path}`,
      body,
    );
    const parsed = parse(text);
    if (status < 400) return { status, body: parsed as Body, headers };
    const { error } = parsed as { error?: { code?: string; message?: string; details?: unknown } };
    const { code = '', message = text, details } = error ?? {};
    if (status >= 500 || status === 429) throw new Unanswered(`${status} ${code}: ${message}`);
    throw new Refused(status, code, `${message} ${JSON.stringify(details)}`);
  }

  close(): void {
    this.agent.destroy();
  }

  private exchange(
    method: string,
    path: string,
    body: object | undefined,
  ): Promise<{ status: number; text: string; headers: Answer<unknown>['headers'] }> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        this.address() + path,
        { method, agent: this.agent, headers: this.headers(payload), timeout: TIMEOUT_MS },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('end', () => resolve({ status: response.statusCode!, text, headers: response.headers }));
          response.on('error', (error) => reject(new Unanswered(error.message)));
          response.on('close', () => reject(new Unanswered('the answer was cut off')));
        },
      );
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
      request.on('error', (error) => reject(new Unanswered(error.message)));
      request.end(payload);
    });
  }

  private headers(payload: string | undefined): Record<string, string> {
    return {
      ...(this.token && { authorization: `Bearer ${this.token}` }),
      ...(payload !== undefined && {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(payload)),
      }),
    };
  }
}

function parse(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new Unanswered(`no JSON: ${text.slice(0, 200)}`);
  }
}
