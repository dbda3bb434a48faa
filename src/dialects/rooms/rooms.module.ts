import { Module } from '@nestjs/common';

/** The dialect at `/api/sessions/…`, `/api/rooms/…`, `/ws/chat/`. */
@Module({})
export class RoomsDialectModule {}
