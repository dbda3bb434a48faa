import http from 'node:http';
import https from 'node:https';

/** Shorter than any server keeps idle connections open, so that no connection is used while its other end closes it. */
const IDLE_MS = 1000;
const OPTIONS: http.AgentOptions = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: 5 };

/** Options of a request, with the IP addresses that were validated for it. */
export interface PinnedOptions extends https.RequestOptions {
  readonly validated: readonly string[];
}

/**
 * Connections that are used again within a second, but only by an attempt with exactly the same validated IP addresses.
 */
class PinnedHttpAgent extends http.Agent {
  override getName(options?: http.ClientRequestArgs): string {
    return `${super.getName(options)}:${validatedOf(options)}`;
  }
}

class PinnedHttpsAgent extends https.Agent {
  override getName(options?: https.RequestOptions): string {
    return `${super.getName(options)}:${validatedOf(options)}`;
  }
}

const agents = { 'http:': new PinnedHttpAgent(OPTIONS), 'https:': new PinnedHttpsAgent(OPTIONS) };

/** Opens a request over the agent of its protocol. */
export function openRequest(url: URL, options: PinnedOptions): http.ClientRequest {
  return url.protocol === 'https:'
    ? https.request(url, { ...options, agent: agents['https:'] })
    : http.request(url, { ...options, agent: agents['http:'] });
}

function validatedOf(options: object | undefined): string {
  return [...((options as PinnedOptions | undefined)?.validated ?? [])].sort().join(',');
}
