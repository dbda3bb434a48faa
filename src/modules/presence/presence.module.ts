import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ParticipantsModule } from '../participants/participants.module.js';
import { UsersModule } from '../users/users.module.js';
import { RequestLeaseInterceptor } from './request-lease.interceptor.js';
import { PresenceLeasesRepository } from './presence-leases.repository.js';
import { PresenceLeases } from './presence-leases.js';
import { PresenceController } from './presence.controller.js';
import { PresenceGateway } from './presence.gateway.js';
import { PresenceStateProvider } from './presence-presenter.js';
import { PresenceRepository } from './presence.repository.js';
import { PresenceService } from './presence.service.js';
import { ProfileChangeAnnouncer } from './profile-change-announcer.js';
import { TypingListener } from './typing-listener.js';
import { TypingService } from './typing.service.js';

/** Presence and typing. Every connection of this node has a lease. */
@Module({
  imports: [UsersModule, ParticipantsModule],
  controllers: [PresenceController],
  providers: [
    PresenceService,
    PresenceRepository,
    PresenceLeasesRepository,
    PresenceLeases,
    RequestLeaseInterceptor,
    { provide: APP_INTERCEPTOR, useExisting: RequestLeaseInterceptor },
    PresenceGateway,
    PresenceStateProvider,
    ProfileChangeAnnouncer,
    TypingService,
    TypingListener,
  ],
  exports: [PresenceService, TypingService],
})
export class PresenceModule {}
