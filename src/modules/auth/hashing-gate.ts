import { RateLimitExceeded, ServiceUnavailable } from '../../platform/errors/app-error.js';
import { RequestRefused } from '../../platform/http/http-errors.js';
import { type HashRequester, HashingQueue } from './hashing-queue.js';

/** Seconds after which a refused client may try again: about the time of a few hashes. */
const RETRY_SECONDS = 2;
/** Every fourth turn belongs to a stranger, even while trusted clients wait. */
const TURNS_PER_STRANGER = 4;
/** The status of nginx for a client that has closed the connection; it appears only in the access log. */
const CLIENT_CLOSED_REQUEST = 499;

export interface HashingLimits {
  readonly running: number;
  readonly waiting: number;
  /** The limit for one IP address, for one account, and for one trusted account. */
  readonly waitingPerKey: number;
}

/**
 * Limits how many hashes run at a time and how many wait. Hashing shares its threads with name look-ups and files:
 * without this limit a flood of logins would stop everything else.
 *
 * The queue is fair: an IP address or account has only a few waiting, IP addresses take turns, a full queue makes room
 * for a new client by removing one of the IP address that waits most often, and trusted clients (a known device, a
 * session) precede strangers. A client that disconnects leaves the queue.
 */
export class HashingGate {
  private running = 0;
  private turns = 0;
  private readonly trusted: HashingQueue;
  private readonly strangers: HashingQueue;

  constructor(private readonly limits: HashingLimits) {
    this.trusted = new HashingQueue(limits.waitingPerKey);
    this.strangers = new HashingQueue(limits.waitingPerKey);
  }

  /**
   * @throws RateLimitExceeded when the client has too many waiting already, ServiceUnavailable when the queue is full,
   * RequestRefused when the client disconnects before the work begins
   */
  async run<T>(requester: HashRequester, work: () => Promise<T>): Promise<T> {
    if (requester.signal?.aborted) throw new RequestRefused(CLIENT_CLOSED_REQUEST);
    if (this.running < this.limits.running) this.running++;
    else await this.waitForTurn(requester);
    try {
      return await work();
    } finally {
      const next = this.next();
      if (next) next.begin();
      else this.running--;
    }
  }

  private waitForTurn(requester: HashRequester): Promise<void> {
    const queue = requester.isTrusted ? this.trusted : this.strangers;
    if (!queue.hasRoomFor(requester)) return Promise.reject(new RateLimitExceeded(RETRY_SECONDS));
    if (this.trusted.size + this.strangers.size >= this.limits.waiting && !this.makeRoomFor(requester)) {
      return Promise.reject(new ServiceUnavailable(RETRY_SECONDS));
    }
    return new Promise((resolve, reject) => {
      const { signal } = requester;
      const leave = (): void => {
        queue.remove(waiting);
        reject(new RequestRefused(CLIENT_CLOSED_REQUEST));
      };
      const stop = (): void => signal?.removeEventListener('abort', leave);
      const waiting = {
        requester,
        begin: () => (stop(), resolve()),
        refuse: () => (stop(), reject(new ServiceUnavailable(RETRY_SECONDS))),
      };
      signal?.addEventListener('abort', leave, { once: true });
      queue.add(waiting);
    });
  }

  private next(): { begin(): void } | undefined {
    const strangersFirst = ++this.turns % TURNS_PER_STRANGER === 0;
    const [first, second] = strangersFirst ? [this.strangers, this.trusted] : [this.trusted, this.strangers];
    return first.take() ?? second.take();
  }

  /** A stranger is removed for a trusted client, and a frequently waiting IP address for one that waits less. */
  private makeRoomFor(requester: HashRequester): boolean {
    const atLeast = requester.isTrusted ? 1 : this.strangers.waitingOf(requester.key) + 2;
    const displaced = this.strangers.takeNewestOfLongest(atLeast);
    displaced?.refuse();
    return displaced !== undefined;
  }
}
