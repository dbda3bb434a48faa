import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { Queryable } from '../../platform/database/sql.js';
import type { Actor } from '../../platform/http/actor.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { UsersPolicy } from '../users/users.policy.js';
import type { Acceptance } from './checks/judge-file.js';
import { FILE_TYPES } from './file-types.js';
import type { Quota } from './files.repository.js';
import { isTaken } from './taken-types.js';

/** Who may bring what in, and how much of it. */
@Injectable()
export class FilesPolicy {
  constructor(
    private readonly users: UsersPolicy,
    private readonly participants: ParticipantsPolicy,
    private readonly config: Config,
  ) {}

  /** A file may be meant for one conversation alone. @throws ConversationNotFound, PermissionDenied */
  async requirePlace(actor: Actor, conversationId: string | undefined): Promise<void> {
    if (conversationId !== undefined) await this.participants.requireMember(actor, conversationId);
  }

  /** Which types, and the most bytes a file of each kind may have. */
  get acceptance(): Acceptance {
    const { fileTypes, fileMaxImageBytes, fileMaxDocumentBytes, fileMaxMediaBytes } = this.config;
    return {
      types: FILE_TYPES.filter((type) => isTaken(type, fileTypes)),
      limitOf: (category) => {
        if (category === 'image') return fileMaxImageBytes;
        return category === 'audio' || category === 'video' ? fileMaxMediaBytes : fileMaxDocumentBytes;
      },
    };
  }

  /**
   * For the write: what somebody may store, by the role of this moment.
   * @throws AuthenticationRequired, AccountBanned
   */
  async requireQuota(tx: Queryable, actor: Actor): Promise<Quota> {
    const { config } = this;
    const { role } = await this.users.requireActive(tx, actor);
    if (role === 'admin') return { files: config.fileQuotaCountAdmin, bytes: config.fileQuotaBytesAdmin };
    if (role === 'moderator') return { files: config.fileQuotaCountModerator, bytes: config.fileQuotaBytesModerator };
    return { files: config.fileQuotaCount, bytes: config.fileQuotaBytes };
  }
}
