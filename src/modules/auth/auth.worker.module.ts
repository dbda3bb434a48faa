import { Module } from '@nestjs/common';
import { AuthUpkeep } from './auth-upkeep.js';
import { AuthRepository } from './auth.repository.js';
import { SessionsRepository } from './sessions.repository.js';

/** The scheduled tasks of auth: they delete expired data. */
@Module({ providers: [AuthUpkeep, AuthRepository, SessionsRepository] })
export class AuthWorkerModule {}
