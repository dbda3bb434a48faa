import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { LegalHoldsController } from './legal-holds.controller.js';
import { LegalHoldsRepository } from './legal-holds.repository.js';
import { LegalHoldsService } from './legal-holds.service.js';

/** Legal holds of conversations and users. */
@Module({
  imports: [UsersModule],
  controllers: [LegalHoldsController],
  providers: [LegalHoldsService, LegalHoldsRepository],
  exports: [LegalHoldsService],
})
export class LegalHoldsModule {}
