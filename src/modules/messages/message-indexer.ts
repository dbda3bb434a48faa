import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Repeating } from '../../platform/concurrency/repeating.js';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { mapInSteps, runInTurns } from '../../platform/concurrency/steps.js';
import { tsvectorInSteps } from '../../platform/text-search/words.js';
import { type SearchLanguage, stemmerOf } from '../../platform/text-search/stem.js';
import { Config } from '../../platform/config/config.js';
import { type IndexForm, MessageIndexRepository } from './message-index.repository.js';
import { facetsOf, textOf } from './search/searchable-message.js';
import { MessagesStored } from './messages.events.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';
import { ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';

const INTERVAL_MS = 1_000;
const BATCH_MESSAGES = 1_000;
const BATCH_CONVERSATIONS = 64;
/**
 * At most this share of the time is spent indexing. Under load sends have priority, and searches read unindexed
 * messages.
 */
const MAX_DUTY_CYCLE = 0.25;

/**
 * Indexes the messages that this process has stored, a second later and in batches, so that a send pays nothing for
 * searches. A search is correct without it, but slower: it reads unindexed messages from the table of messages.
 */
@Injectable()
export class MessageIndexer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly failures = new RepeatedWarning(
    new Logger(MessageIndexer.name),
    'messages could not be indexed for searches; trying again',
    { recovered: 'messages are indexed for searches again' },
  );
  private readonly waiting = new Set<string>();
  private readonly stopping = new AbortController();
  private indexing: Repeating | undefined;

  private readonly form: IndexForm;

  constructor(
    private readonly repository: MessageIndexRepository,
    { searchLanguage }: Config,
  ) {
    this.form = indexFormOf(searchLanguage);
  }

  @OnDomainEvent(MessagesStored)
  onMessagesStored({ conversationIds }: MessagesStored): void {
    for (const id of conversationIds) this.waiting.add(id);
  }

  onApplicationBootstrap(): void {
    this.indexing = Repeating.every(INTERVAL_MS, () => this.indexWaiting());
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.indexing?.stop();
  }

  /** Indexes these conversations until nothing remains or the time is up; returns the number of indexed messages. */
  async index(conversationIds: readonly string[], forMs: number): Promise<number> {
    const deadline = performance.now() + forMs;
    let queue = [...conversationIds];
    let total = 0;
    while (queue.length > 0 && performance.now() < deadline && !this.stopping.signal.aborted) {
      const startedAt = performance.now();
      const batch = queue.slice(0, BATCH_CONVERSATIONS);
      const { messages, unfinished } = await this.repository.index(batch, BATCH_MESSAGES, this.form);
      total += messages;
      queue = [...queue.slice(BATCH_CONVERSATIONS), ...unfinished];
      if (queue.length > 0) await this.pause((performance.now() - startedAt) * (1 / MAX_DUTY_CYCLE - 1));
    }
    return total;
  }

  /** Indexes again what another version, or one with another language, has indexed; returns the number of messages. */
  async renew(untilMs: number): Promise<number> {
    let total = 0;
    while (performance.now() < untilMs && !this.stopping.signal.aborted) {
      const startedAt = performance.now();
      const messages = await this.repository.renew(BATCH_MESSAGES, this.form);
      if (messages === 0) break;
      total += messages;
      await this.pause((performance.now() - startedAt) * (1 / MAX_DUTY_CYCLE - 1));
    }
    return total;
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
  }

  private async indexWaiting(): Promise<void> {
    if (this.waiting.size === 0) return;
    const ids = [...this.waiting];
    this.waiting.clear();
    try {
      await this.failures.watch(() => this.index(ids, Infinity));
    } catch {
      for (const id of ids) this.waiting.add(id);
    }
  }
}

/** The form of the index for a language. A version that indexes more of a message changes the number. */
export function indexFormOf(language: SearchLanguage): IndexForm {
  const stem = stemmerOf(language);
  return {
    name: `2 ${language}`,
    fold: async (messages) =>
      runInTurns(
        mapInSteps(messages, (message) => tsvectorInSteps(textOf(message), { facets: facetsOf(message), stem })),
      ),
  };
}

const RUN_MS = 25_000;
const CONVERSATIONS_MAX = 10_000;

/**
 * Indexes the messages that no process has indexed: those of a process that has ended or of a restored backup, and
 * changed texts. After an update or a change of SEARCH_LANGUAGE it indexes all messages again, the others first.
 */
@Injectable()
export class MessageIndexTask {
  constructor(
    private readonly repository: MessageIndexRepository,
    private readonly indexer: MessageIndexer,
  ) {}

  @ScheduledTask({ name: 'message-index', everyMs: 30_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    const unindexed = await this.repository.findUnindexed(CONVERSATIONS_MAX);
    if (isDryRun) return { conversations: unindexed.length };
    const end = performance.now() + RUN_MS;
    return { messages: await this.indexer.index(unindexed, RUN_MS), renewed: await this.indexer.renew(end) };
  }
}
