import { Module } from '@nestjs/common';

/** The dialect at `/api/auth/…`, `/api/users…`, `/api/messages`, `/api/groups`, `/api/webhooks`, the same under `/v1`, `/ws?token=`. */
@Module({})
export class DirectDialectModule {}
