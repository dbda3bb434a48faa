import { Module } from '@nestjs/common';
import { AuthUpkeep } from './auth-upkeep.js';
import { AuthRepository } from './auth.repository.js';
import { SessionsRepository } from './sessions.repository.js';

/** The regular work of auth: forgetting what has ended. */
@Module({ providers: [AuthUpkeep, AuthRepository, SessionsRepository] })
export class AuthWorkerModule {}
