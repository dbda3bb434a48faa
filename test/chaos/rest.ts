import { Agent } from 'node:http';
import { type ExactResponse, exchange } from '../support/client/raw.js';

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
    const { status, text } = await this.exchange(method, path.startsWith('/chaos') ? path : `/api/v1${path}`, body);
    const parsed = parse(text);
    if (status < 400) return parsed as Body;
    const { error } = parsed as { error?: { code?: string; message?: string; details?: unknown } };
    const { code = '', message = text, details } = error ?? {};
    if (status >= 500 || status === 429) throw new Unanswered(`${status} ${code}: ${message}`);
    throw new Refused(status, code, `${message} ${JSON.stringify(details)}`);
  }

  close(): void {
    this.agent.destroy();
  }

  private async exchange(method: string, path: string, body: object | undefined): Promise<ExactResponse> {
    const headers = {
      ...(this.token && { authorization: `Bearer ${this.token}` }),
      ...(body && { 'content-type': 'application/json' }),
    };
    const request = {
      method,
      path,
      agent: this.agent,
      timeout: TIMEOUT_MS,
      headers,
      body: body && JSON.stringify(body),
    };
    try {
      return await exchange(this.address(), request);
    } catch (error) {
      throw new Unanswered((error as Error).message);
    }
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
