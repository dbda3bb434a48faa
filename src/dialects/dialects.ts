import type { Type } from '@nestjs/common';
import type { Config } from '../platform/config/config.js';
import type { DialectName } from '../platform/config/dialect-names.js';
import { ChatDialectModule } from './chat/chat.module.js';
import { ClassroomDialectModule } from './classroom/classroom.module.js';
import { DirectDialectModule } from './direct/direct.module.js';
import { MessagingDialectModule } from './messaging/messaging.module.js';
import { RoomsDialectModule } from './rooms/rooms.module.js';

interface DialectRegistration {
  readonly module: Type;
  /** Dialects that are registered before this one, because they have a word in a path where it has a parameter. */
  readonly registeredAfter?: readonly DialectName[];
}

const DIALECTS: Readonly<Record<DialectName, DialectRegistration>> = {
  messaging: { module: MessagingDialectModule },
  // `/api/users/{user_id}`, where classroom has `/api/users/status`.
  direct: { module: DirectDialectModule, registeredAfter: ['classroom'] },
  classroom: { module: ClassroomDialectModule },
  chat: { module: ChatDialectModule },
  rooms: { module: RoomsDialectModule },
};

/** The enabled dialects of this installation, in addition to `/api/v1`. A disabled one registers no routes. */
export function dialectModules({ dialects }: Config): Type[] {
  const ordered = new Set<DialectName>();
  const add = (name: DialectName): void => {
    for (const earlier of DIALECTS[name].registeredAfter ?? []) if (dialects.includes(earlier)) add(earlier);
    ordered.add(name);
  };
  for (const name of dialects) add(name);
  return [...ordered].map((name) => DIALECTS[name].module);
}
