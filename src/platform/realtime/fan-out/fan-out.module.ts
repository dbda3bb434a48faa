import {
  Global,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { Config } from '../../config/config.js';
import { DecoratedMethods, DecoratedMethodsModule } from '../../discovery/decorated-methods.js';
import { CommitListener } from '../../event-log/stream-event.js';
import { Broadcaster } from './broadcaster.js';
import { Bus, InProcessBus } from '../bus/bus.js';
import { PostgresBus } from '../bus/postgres-bus.js';
import { RedisBus } from '../bus/redis-bus.js';
import { ResumeCursors } from '../resume/cursor.js';
import { FanOutRepository } from './fan-out.repository.js';
import { FanOut } from './fan-out.js';
import { EventReader } from './event-reader.js';
import { SlowConsumerRecovery } from '../connection/live-connection.js';
import { ConnectionAttacher } from '../resume/connection-attacher.js';
import { LocalSubscribers } from './local-subscribers.js';
import { LocalBroadcaster } from './local-broadcaster.js';
import { WatermarkTracker } from './watermark-tracker.js';
import { ReplayReader } from '../resume/replay-reader.js';
import { ResumeStateProviders } from '../resume/resume-state-providers.js';
import { ResumeSemaphore, Resume } from '../resume/resume.js';
import { HeadReconciler } from './head-reconciler.js';

/** Redis if it is configured, otherwise the database; without either, a bus that reaches only this process. */
function busFor({ redisUrl, databaseUrl }: Config): Bus {
  if (redisUrl) return new RedisBus(redisUrl);
  return databaseUrl ? new PostgresBus(databaseUrl) : new InProcessBus();
}

const MAX_RESUMES = 32;

/** Resumes read in their own transactions, and must leave half of the database connections to the sends. */
function semaphoreFor({ databasePoolSize }: Config): ResumeSemaphore {
  return new ResumeSemaphore(Math.min(MAX_RESUMES, Math.ceil(databasePoolSize / 2)));
}

/**
 * Delivers the log to the connections: on commits, on hints and periodically. Needs `StreamAccessReader` from a module.
 */
@Global()
@Module({
  imports: [DecoratedMethodsModule],
  providers: [
    { provide: Bus, inject: [Config], useFactory: busFor },
    FanOutRepository,
    WatermarkTracker,
    ResumeCursors,
    EventReader,
    LocalSubscribers,
    FanOut,
    { provide: CommitListener, useExisting: FanOut },
    LocalBroadcaster,
    { provide: Broadcaster, useExisting: LocalBroadcaster },
    ReplayReader,
    ResumeStateProviders,
    { provide: ResumeSemaphore, inject: [Config], useFactory: semaphoreFor },
    Resume,
    { provide: ConnectionAttacher, useExisting: Resume },
    { provide: SlowConsumerRecovery, useExisting: Resume },
    HeadReconciler,
  ],
  exports: [
    Bus,
    CommitListener,
    Broadcaster,
    ConnectionAttacher,
    SlowConsumerRecovery,
    Resume,
    ResumeCursors,
    ResumeStateProviders,
    LocalSubscribers,
    WatermarkTracker,
    FanOut,
    HeadReconciler,
  ],
})
export class FanOutModule implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(Bus) private readonly bus: Bus,
    private readonly methods: DecoratedMethods,
    private readonly stateProviders: ResumeStateProviders,
  ) {}

  onModuleInit(): void {
    this.stateProviders.registerDecorated(this.methods);
  }

  onApplicationBootstrap(): void {
    this.bus.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.bus.stop();
  }
}
