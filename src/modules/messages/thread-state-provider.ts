import { Injectable } from '@nestjs/common';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { Broadcaster } from '../../platform/realtime/fan-out/broadcaster.js';
import { ResumeState, type StateFrame } from '../../platform/realtime/resume/resume-state-providers.js';
import { UnreadService } from '../participants/unread.service.js';
import { THREAD_UNREAD, ThreadStateChanged } from './threads.events.js';
import { ThreadsRepository } from './threads.repository.js';

/** Threads sent on resume, the most recently active first. A client loads older ones as a page of the list. */
const THREADS_ON_RESUME = 100;

/** Sends what is unread in threads: marks are not in the event log. */
@Injectable()
export class ThreadStateProvider {
  constructor(
    private readonly repository: ThreadsRepository,
    private readonly unread: UnreadService,
    private readonly broadcaster: Broadcaster,
  ) {}

  /** The threads that the user follows, and how many of them have unread replies. */
  @ResumeState()
  async framesOnResume(userId: string): Promise<StateFrame[]> {
    const states = await this.repository.states(userId, THREADS_ON_RESUME);
    if (states.length === 0) return [];
    const { threads } = await this.unread.totalsOf(userId);
    return states.map((state) => ({ type: THREAD_UNREAD, data: { ...state, threads } }));
  }

  /** All devices of the user receive the new state. */
  @OnDomainEvent(ThreadStateChanged)
  announce({ userId, data }: ThreadStateChanged): void {
    this.broadcaster.toUsers([userId], { type: THREAD_UNREAD, class: 'state', key: `thread:${data.root_id}`, data });
  }
}
