import type { Type } from '@nestjs/common';
import type { Config } from '../platform/config/config.js';
import type { DialectName } from '../platform/config/dialect-names.js';
import { ChatDialectModule } from './chat/chat.module.js';
import { ClassroomDialectModule } from './classroom/classroom.module.js';
import { DirectDialectModule } from './direct/direct.module.js';
import { MessagingDialectModule } from './messaging/messaging.module.js';
import { RoomsDialectModule } from './rooms/rooms.module.js';

interface DialectRoutes {
  readonly module: Type;
  /** Dialects with a parameter in a path where this one has a word: its routes are matched before theirs. */
  readonly before?: readonly DialectName[];
}

const DIALECTS: Readonly<Record<DialectName, DialectRoutes>> = {
  messaging: { module: MessagingDialectModule },
  direct: { module: DirectDialectModule },
  // `/api/users/status`, beside `/api/users/{user_id}`.
  classroom: { module: ClassroomDialectModule, before: ['direct'] },
  chat: { module: ChatDialectModule },
  rooms: { module: RoomsDialectModule },
};

/** The enabled dialects of this installation, in addition to `/api/v1`. A disabled one registers no routes. */
export function dialectModules({ dialects }: Config): Type[] {
  const ordered: DialectName[] = [];
  for (const name of dialects) {
    const later = ordered.findIndex((other) => DIALECTS[name].before?.includes(other));
    ordered.splice(later < 0 ? ordered.length : later, 0, name);
  }
  return ordered.map((name) => DIALECTS[name].module);
}
