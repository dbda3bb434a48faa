import type { MigrationInterface } from 'typeorm';
import { CreatePlatform1764700000000 } from '../../../migrations/1764700000000-create-platform.js';
import { CreateUsers1764700001000 } from '../../../migrations/1764700001000-create-users.js';
import { CreateAuth1764700002000 } from '../../../migrations/1764700002000-create-auth.js';
import { CreateConversations1764700003000 } from '../../../migrations/1764700003000-create-conversations.js';
import { CreateParticipants1764700004000 } from '../../../migrations/1764700004000-create-participants.js';
import { CreatePresence1764700005000 } from '../../../migrations/1764700005000-create-presence.js';
import { CreateFiles1764700006000 } from '../../../migrations/1764700006000-create-files.js';
import { CreateMessages1764700007000 } from '../../../migrations/1764700007000-create-messages.js';
import { CreateWebhooks1764700008000 } from '../../../migrations/1764700008000-create-webhooks.js';
import { CreateAdmin1764700009000 } from '../../../migrations/1764700009000-create-admin.js';

/** Every migration, oldest first. They are listed and not discovered: only compiled migrations run. */
export const MIGRATIONS: readonly (new () => MigrationInterface)[] = [
  CreatePlatform1764700000000,
  CreateUsers1764700001000,
  CreateAuth1764700002000,
  CreateConversations1764700003000,
  CreateParticipants1764700004000,
  CreatePresence1764700005000,
  CreateFiles1764700006000,
  CreateMessages1764700007000,
  CreateWebhooks1764700008000,
  CreateAdmin1764700009000,
];
