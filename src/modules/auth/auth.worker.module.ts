import { Module } from '@nestjs/common';
import { AuthCleanupTask } from './auth-cleanup-task.js';
import { AuthRepository } from './auth.repository.js';
import { SessionsRepository } from './sessions.repository.js';

/** The scheduled tasks of auth: they delete expired data. */
@Module({ providers: [AuthCleanupTask, AuthRepository, SessionsRepository] })
export class AuthWorkerModule {}
