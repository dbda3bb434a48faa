import { Module } from '@nestjs/common';

/** The dialect at `/users…`, `/messages/…`, `/files/upload`, `/admin/…`, `/`, `/test-db`, `/ws/{user_id}`. */
@Module({})
export class ChatDialectModule {}
