import type { Type } from '@nestjs/common';
import type { Config } from '../platform/config/config.js';
import type { DialectName } from '../platform/config/dialect-names.js';
import { ChatDialectModule } from './chat/chat.module.js';
import { ClassroomDialectModule } from './classroom/classroom.module.js';
import { DirectDialectModule } from './direct/direct.module.js';
import { MessagingDialectModule } from './messaging/messaging.module.js';
import { RoomsDialectModule } from './rooms/rooms.module.js';

const DIALECTS: Readonly<Record<DialectName, Type>> = {
  messaging: MessagingDialectModule,
  direct: DirectDialectModule,
  classroom: ClassroomDialectModule,
  chat: ChatDialectModule,
  rooms: RoomsDialectModule,
};

/** The dialects this installation speaks beside its own `/api/v1`. One that is off leaves no address behind. */
export function dialectModules({ dialects }: Config): Type[] {
  return dialects.map((name) => DIALECTS[name]);
}
