import http from 'node:http';
import https from 'node:https';

/** Less than any server keeps a connection nobody uses: so none is used that its other end is just closing. */
const IDLE_MS = 1000;
const OPTIONS: http.AgentOptions = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: 5 };

/** What a request asks an agent for, the addresses that were judged for it among it. */
export interface PinnedOptions extends https.RequestOptions {
  readonly judged: readonly string[];
}

/** Connections that are used again within a second, but only by a try with the very same addresses judged for it. */
class PinnedHttpAgent extends http.Agent {
  override getName(options?: http.ClientRequestArgs): string {
    return `${super.getName(options)}:${judgedOf(options)}`;
  }
}

class PinnedHttpsAgent extends https.Agent {
  override getName(options?: https.RequestOptions): string {
    return `${super.getName(options)}:${judgedOf(options)}`;
  }
}

const agents = { 'http:': new PinnedHttpAgent(OPTIONS), 'https:': new PinnedHttpsAgent(OPTIONS) };

/** Opens a request over the agent of its protocol. */
export function openRequest(url: URL, options: PinnedOptions): http.ClientRequest {
  return url.protocol === 'https:'
    ? https.request(url, { ...options, agent: agents['https:'] })
    : http.request(url, { ...options, agent: agents['http:'] });
}

function judgedOf(options: object | undefined): string {
  return [...((options as PinnedOptions | undefined)?.judged ?? [])].sort().join(',');
}
