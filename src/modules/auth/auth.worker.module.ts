import { Injectable, Module } from '@nestjs/common';
import { inBatches, ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { AuthRepository } from './auth.repository.js';
import { SESSIONS_PER_BATCH, SessionsRepository } from './sessions.repository.js';

/** Deletes expired data: sessions a day after their end, tickets, and failed login attempts of yesterday. */
@Injectable()
class AuthCleanupTask {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly repository: AuthRepository,
  ) {}

  @ScheduledTask({ name: 'sessions', everyMs: 10 * 60_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return this.sessions.countExpired();
    return {
      sessions: await inBatches(SESSIONS_PER_BATCH, () => this.sessions.purge()),
      tickets: await this.sessions.purgeTickets(),
      failures: await this.repository.purgeFailures(),
    };
  }
}

/** The scheduled tasks of auth. */
@Module({ providers: [AuthCleanupTask, AuthRepository, SessionsRepository] })
export class AuthWorkerModule {}
