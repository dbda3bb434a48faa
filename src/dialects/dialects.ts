import type { Type } from '@nestjs/common';
import type { Config } from '../platform/config/config.js';
import type { DialectName } from '../platform/config/dialect-names.js';
import { ChatDialectModule } from './chat/chat.module.js';
import { ClassroomDialectModule } from './classroom/classroom.module.js';
import { DirectDialectModule } from './direct/direct.module.js';
import { MessagingDialectModule } from './messaging/messaging.module.js';
import { RoomsDialectModule } from './rooms/rooms.module.js';

/** In the order of their routes: `/api/users/status` of the classroom precedes `/api/users/{id}`. */
const DIALECTS: Readonly<Record<DialectName, Type>> = {
  messaging: MessagingDialectModule,
  classroom: ClassroomDialectModule,
  direct: DirectDialectModule,
  chat: ChatDialectModule,
  rooms: RoomsDialectModule,
};

/** The enabled dialects of this installation, in addition to `/api/v1`. A disabled one registers no routes. */
export function dialectModules({ dialects }: Config): Type[] {
  const enabled = Object.entries(DIALECTS).filter(([name]) => (dialects as readonly string[]).includes(name));
  return enabled.map(([, module]) => module);
}
