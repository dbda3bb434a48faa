import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { Queryable } from '../../platform/database/sql.js';
import type { Actor } from '../../platform/http/actor.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { UsersPolicy } from '../users/users.policy.js';
import type { FileCategory, FileType } from './file-types.js';
import { InvalidFileType } from './files.errors.js';
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

  /** @throws InvalidFileType */
  requireTaken(fileType: FileType): void {
    if (!isTaken(fileType, this.config.fileTypes)) throw new InvalidFileType('is of a type that is not taken here');
  }

  /** The most bytes a file of this kind may have. */
  limitOf(category: FileCategory): number {
    const { fileMaxImageBytes, fileMaxDocumentBytes, fileMaxMediaBytes } = this.config;
    if (category === 'image') return fileMaxImageBytes;
    return category === 'audio' || category === 'video' ? fileMaxMediaBytes : fileMaxDocumentBytes;
  }

  /** For the write: what somebody may store, by the role of this moment. @throws AuthenticationRequired, AccountBanned */
  async requireQuota(tx: Queryable, actor: Actor): Promise<Quota> {
    const { config } = this;
    const { role } = await this.users.requireActive(tx, actor);
    if (role === 'admin') return { files: config.fileQuotaCountAdmin, bytes: config.fileQuotaBytesAdmin };
    if (role === 'moderator') return { files: config.fileQuotaCountModerator, bytes: config.fileQuotaBytesModerator };
    return { files: config.fileQuotaCount, bytes: config.fileQuotaBytes };
  }
}
