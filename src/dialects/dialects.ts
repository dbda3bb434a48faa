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
  /** Dialects with a word in a path where this one has a parameter: their routes are matched before its own. */
  readonly after?: readonly DialectName[];
}

const DIALECTS: Readonly<Record<DialectName, DialectRoutes>> = {
  messaging: { module: MessagingDialectModule },
  // `/api/users/{user_id}`, where classroom has `/api/users/status`.
  direct: { module: DirectDialectModule, after: ['classroom'] },
  classroom: { module: ClassroomDialectModule },
  chat: { module: ChatDialectModule },
  rooms: { module: RoomsDialectModule },
};

/** The enabled dialects of this installation, in addition to `/api/v1`. A disabled one registers no routes. */
export function dialectModules({ dialects }: Config): Type[] {
  const ordered = new Set<DialectName>();
  const add = (name: DialectName): void => {
    for (const earlier of DIALECTS[name].after ?? []) if (dialects.includes(earlier)) add(earlier);
    ordered.add(name);
  };
  for (const name of dialects) add(name);
  return [...ordered].map((name) => DIALECTS[name].module);
}
