import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { Queryable } from '../../platform/database/sql.js';
import type { Actor } from '../../platform/identity/actor.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { UsersPolicy } from '../users/users.policy.js';
import type { AllowedType } from './checks/check-file.js';
import { FILE_TYPES, type FileCategory, fileTypeOf, isAllowedType } from './file-types.js';
import { FileTooLarge, InvalidFileType } from './files.errors.js';
import type { Quota } from './files.repository.js';

/** Decides who may upload what, and how much. */
@Injectable()
export class FilesPolicy {
  constructor(
    private readonly users: UsersPolicy,
    private readonly participants: ParticipantsPolicy,
    private readonly config: Config,
  ) {}

  /**
   * Requires access to the conversation that a file is reserved for.
   * @throws ConversationNotFound, PermissionDenied, FeatureDisabled
   */
  async requireConversation(actor: Actor, conversationId: string | undefined): Promise<void> {
    if (conversationId === undefined) return;
    const membership = await this.participants.requireMember(actor, conversationId);
    this.participants.requireFeature(membership, 'uploads');
  }

  /** Returns the accepted types with their size limits, and their extensions. */
  get allowedTypes(): { allowed: AllowedType[]; extensions: string[] } {
    const types = FILE_TYPES.filter((type) => isAllowedType(type, this.config.fileTypes));
    return {
      allowed: types.map(({ type, category }) => ({ type, limit: this.limitOf(category) })),
      extensions: [...new Set(types.flatMap(({ extensions }) => extensions))],
    };
  }

  /**
   * Requires a name and a size that some accepted type has, before anything else of the file is known.
   * @throws InvalidFileType, FileTooLarge
   */
  requireAcceptedFile(extension: string | undefined, size: number): void {
    const { allowed, extensions } = this.allowedTypes;
    if (extension !== undefined && !extensions.includes(extension)) throw InvalidFileType.none(extensions);
    const possible = allowed.filter(
      ({ type }) => extension === undefined || fileTypeOf(type).extensions.includes(extension),
    );
    const limit = Math.max(...possible.map((one) => one.limit));
    if (size > limit) throw new FileTooLarge({ limit });
  }

  /** Requires an account and a session that are still valid. @throws AuthenticationRequired, AccountBanned */
  async requireActive(actor: Actor): Promise<void> {
    await this.users.requireActive(undefined, actor);
  }

  /** How long an upload that can be continued waits for more bytes, in hours. */
  get uploadHours(): number {
    return this.config.fileUploadHours;
  }

  /** The size limit of an upload whose type is not yet known, in bytes. */
  get maxBytes(): number {
    return Math.max(this.limitOf('image'), this.limitOf('document'), this.limitOf('video'));
  }

  /** The maximum numbers of concurrent uploads of this process. */
  get uploadLimits(): { perUser: number; perIp: number; perProcess: number } {
    const {
      fileUploadsPerUser: perUser,
      fileUploadsPerAddress: perIp,
      fileUploadsPerProcess: perProcess,
    } = this.config;
    return { perUser, perIp, perProcess };
  }

  /**
   * Returns the quota of a user, by their current role; called inside the transaction that writes.
   * @throws AuthenticationRequired, AccountBanned
   */
  async readQuota(tx: Queryable | undefined, actor: Actor): Promise<Quota> {
    const { config } = this;
    const { role } = await this.users.requireActive(tx, actor);
    if (role === 'admin') return { files: config.fileQuotaCountAdmin, bytes: config.fileQuotaBytesAdmin };
    if (role === 'moderator') return { files: config.fileQuotaCountModerator, bytes: config.fileQuotaBytesModerator };
    return { files: config.fileQuotaCount, bytes: config.fileQuotaBytes };
  }

  private limitOf(category: FileCategory): number {
    const { fileMaxImageBytes, fileMaxDocumentBytes, fileMaxMediaBytes } = this.config;
    if (category === 'image') return fileMaxImageBytes;
    return category === 'audio' || category === 'video' ? fileMaxMediaBytes : fileMaxDocumentBytes;
  }
}
