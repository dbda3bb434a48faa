import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AuthRepository } from './auth.repository.js';
import { SessionsRepository } from './sessions.repository.js';

const INTERVAL_MS = 10 * 60 * 1000;

/** Forgets what has no meaning any more: sessions a day after their end, failed tries of yesterday. */
@Injectable()
export class AuthUpkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(AuthUpkeep.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly repository: AuthRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.forget(), INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  async forget(): Promise<void> {
    try {
      await this.sessions.purge();
      await this.repository.purgeFailures();
    } catch (error) {
      this.logger.warn({ err: error }, 'old sessions are still there');
    }
  }
}
