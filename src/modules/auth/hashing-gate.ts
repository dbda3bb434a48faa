import { RateLimitExceeded, ServiceUnavailable } from '../../platform/errors/app-error.js';
import { RequestRefused } from '../../platform/http/http-errors.js';
import { type HashRequester, HashingQueue } from './hashing-queue.js';

/** Seconds after which a refused caller may try again: about as long as it takes for a few hashes. */
const RETRY_SECONDS = 2;
/** Of so many turns one is a stranger's, however many trusted callers wait. */
const TURNS_PER_STRANGER = 4;
/** nginx's status for a client that has closed the connection; it only stands in the access log. */
const CLIENT_CLOSED_REQUEST = 499;

export interface HashingRoom {
  readonly running: number;
  readonly waiting: number;
  /** Of one address, of one account, and of one trusted account. */
  readonly waitingEach: number;
}

/**
 * Lets so many hashes run at a time and so many wait. Hashing shares its threads with name lookups and files: without
 * a gate a flood of logins would stop everything else.
 *
 * No caller uses it up for the others: an address or account has only a few waiting, addresses take turns, a full queue
 * makes room for a newcomer at the expense of the address that waits most often, and callers whom the account knows (a
 * known device, a session) come before strangers. A caller who has disconnected leaves the queue.
 */
export class HashingGate {
  private running = 0;
  private turns = 0;
  private readonly trusted: HashingQueue;
  private readonly strangers: HashingQueue;

  constructor(private readonly room: HashingRoom) {
    this.trusted = new HashingQueue(room.waitingEach);
    this.strangers = new HashingQueue(room.waitingEach);
  }

  /**
   * @throws RateLimitExceeded when the caller has too many waiting already, ServiceUnavailable when all together have,
   * RequestRefused when the caller disconnects before the work begins
   */
  async run<T>(requester: HashRequester, work: () => Promise<T>): Promise<T> {
    if (requester.signal?.aborted) throw new RequestRefused(CLIENT_CLOSED_REQUEST);
    if (this.running < this.room.running) this.running++;
    else await this.turn(requester);
    try {
      return await work();
    } finally {
      const next = this.next();
      if (next) next.begin();
      else this.running--;
    }
  }

  private turn(requester: HashRequester): Promise<void> {
    const queue = requester.isTrusted ? this.trusted : this.strangers;
    if (!queue.hasRoomFor(requester)) return Promise.reject(new RateLimitExceeded(RETRY_SECONDS));
    if (this.trusted.size + this.strangers.size >= this.room.waiting && !this.makeRoomFor(requester)) {
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

  /** A stranger gives way to whom an account trusts, and an address that waits often to one that waits less. */
  private makeRoomFor(requester: HashRequester): boolean {
    const atLeast = requester.isTrusted ? 1 : this.strangers.waitingOf(requester.place) + 2;
    const displaced = this.strangers.takeNewestOfLongest(atLeast);
    displaced?.refuse();
    return displaced !== undefined;
  }
}
