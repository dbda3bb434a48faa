import { Module } from '@nestjs/common';

/** The dialect at `/api/messaging/…`, `/api/csrf/`, `/ws/chat/{conversation_id}/`. */
@Module({})
export class MessagingDialectModule {}
