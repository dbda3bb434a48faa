import { Module } from '@nestjs/common';

/** The dialect at `/api/conversations…`, `/api/messages/{id}…`, `/api/users/status`, `/api/ws…`. */
@Module({})
export class ClassroomDialectModule {}
