import { Global, Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Config } from '../config/config.js';
import { CommitListener } from '../event-log/stream-event.js';
import { Broadcaster } from './broadcaster.js';
import { Bus } from './bus/bus.js';
import { InProcessBus } from './bus/in-process-bus.js';
import { PostgresBus } from './bus/postgres-bus.js';
import { RedisBus } from './bus/redis-bus.js';
import { ResumeCursors } from './cursor.js';
import { FanOutRepository } from './fan-out.repository.js';
import { FanOut } from './fan-out.js';
import { GapReader } from './gap-reader.js';
import { CatchUp } from './live-connection.js';
import { LiveSessions } from './live-sessions.js';
import { LocalAudience } from './local-audience.js';
import { LocalBroadcaster } from './local-broadcaster.js';
import { LogClock } from './log-clock.js';
import { MissedEvents } from './missed-events.js';
import { ResumeAdmission } from './resume-admission.js';
import { ResumeSnapshots } from './resume-snapshots.js';
import { Resume } from './resume.js';
import { Sweep } from './sweep.js';

/** Redis where it is configured, otherwise the database itself; a process without either has nobody to tell. */
function busFor({ redisUrl, databaseUrl }: Config): Bus {
  if (redisUrl) return new RedisBus(redisUrl);
  return databaseUrl ? new PostgresBus(databaseUrl) : new InProcessBus();
}

const MAX_RESUMES = 32;

/** Resumes read in transactions of their own; they must leave half of the connections to the sends. */
function admissionFor({ databasePoolSize }: Config): ResumeAdmission {
  return new ResumeAdmission(Math.min(MAX_RESUMES, Math.ceil(databasePoolSize / 2)));
}

/** From the log to the sockets: hears of commits, of hints and of the clock. Needs `Entitlements` from a module. */
@Global()
@Module({
  providers: [
    { provide: Bus, inject: [Config], useFactory: busFor },
    FanOutRepository,
    LogClock,
    ResumeCursors,
    GapReader,
    LocalAudience,
    FanOut,
    { provide: CommitListener, useExisting: FanOut },
    LocalBroadcaster,
    { provide: Broadcaster, useExisting: LocalBroadcaster },
    MissedEvents,
    ResumeSnapshots,
    { provide: ResumeAdmission, inject: [Config], useFactory: admissionFor },
    Resume,
    { provide: LiveSessions, useExisting: Resume },
    { provide: CatchUp, useExisting: Resume },
    Sweep,
  ],
  exports: [
    Bus,
    CommitListener,
    Broadcaster,
    LiveSessions,
    CatchUp,
    Resume,
    ResumeCursors,
    ResumeSnapshots,
    LocalAudience,
    LogClock,
    FanOut,
    Sweep,
  ],
})
export class FanOutModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(@Inject(Bus) private readonly bus: Bus) {}

  onApplicationBootstrap(): void {
    this.bus.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.bus.stop();
  }
}
