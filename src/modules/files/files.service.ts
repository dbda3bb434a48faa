import type { Readable } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import type { Actor } from '../../platform/identity/actor.js';
import { cleanText } from '../../platform/validation/text.js';
import type { CheckedFile } from './checks/check-file.js';
import { cleanFileName, nameWithType } from './file-name.js';
import { FileProcesses } from './file-processes.js';
import { fileTypeOf } from './file-types.js';
import { FileDto, type UploadFileDto } from './files.dto.js';
import { FileAttached, FileNotFound, FileQuotaExceeded, InvalidFileType } from './files.errors.js';
import { FileStored } from './files.events.js';
import { FilesPolicy } from './files.policy.js';
import { FilesRepository, type NewFile } from './files.repository.js';
import type { ReceivedFile } from './receive-upload.js';
import { UploadTakenOver } from './resumable/resumable-uploads.errors.js';
import { ResumableUploadsRepository, type UploadWriter } from './resumable/resumable-uploads.repository.js';
import { imageKey, allKeysOf, uploadKey, FileStorage } from './storage/file-storage.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

/** Uploads, reads and deletes files of users. Access is decided anew at every request. */
@Injectable()
export class FilesService {
  private readonly removalWarning = new RepeatedWarning(
    new Logger(FilesService.name),
    'the bytes of a deleted file are left to the cleanup task',
    { recovered: 'the bytes of deleted files are removed again' },
  );
  private readonly rollbackWarning = new RepeatedWarning(
    new Logger(FilesService.name),
    'an upload that was not stored is left to the cleanup task',
  );

  constructor(
    private readonly repository: FilesRepository,
    private readonly storage: FileStorage,
    private readonly policy: FilesPolicy,
    private readonly processes: FileProcesses,
    private readonly events: DomainEvents,
    private readonly resumable: ResumableUploadsRepository,
  ) {}

  /**
   * Stores a file. When this returns, the file is complete on disk and its scan is queued; it can be sent, but not yet
   * downloaded.
   * A resumable upload becomes complete in the same statement.
   * @throws ValidationError, ConversationNotFound, PermissionDenied, InvalidFileType, FileTooLarge, MalwareDetected,
   * FileQuotaExceeded, ServiceUnavailable, UploadTakenOver
   */
  async upload(
    actor: Actor,
    received: ReceivedFile | undefined,
    dto: UploadFileDto,
    resumed?: UploadWriter,
  ): Promise<FileDto> {
    if (!received) throw ValidationError.of('file', 'is required');
    const { conversation_id: conversationId, description = '' } = dto;
    await this.policy.requireConversation(actor, conversationId);
    const { name, type, size, duration, charset } = await this.inspect(actor.userId, received);
    const file: NewFile = {
      id: newId(),
      uploaderId: actor.userId,
      conversationId,
      name,
      type,
      category: fileTypeOf(type).category,
      size,
      contentHash: received.contentHash,
      duration: duration === undefined ? undefined : Math.round(duration * 1000) / 1000,
      charset,
      description: cleanText(description),
    };
    return this.store(actor, received.path, file, resumed);
  }

  /** @throws FileNotFound */
  async get(actor: Actor, id: string): Promise<FileDto> {
    const [stored] = await this.repository.findVisible([id], actor);
    if (!stored) throw new FileNotFound();
    return FileDto.of(stored.file);
  }

  /** Deletes the actor's own file permanently, while no message contains it. @throws FileNotFound, FileAttached */
  async delete(actor: Actor, id: string): Promise<void> {
    const [stored] = await this.repository.findVisible([id], actor);
    if (!stored || stored.uploader_id !== actor.userId) throw new FileNotFound();
    if (!(await this.repository.delete(id, actor.userId))) throw new FileAttached();
    try {
      const unused = await this.repository.findUnusedObjects([id]);
      await this.storage.remove(unused.flatMap(allKeysOf));
      await this.repository.deleteRows([id]);
      this.removalWarning.worked();
    } catch (error) {
      this.removalWarning.failed({ err: error, file_id: id });
    }
  }

  /** Opens the bytes of a ready file in the form in which they are served. The caller has checked access. */
  openForDownload({ object_id: id, category }: { object_id: string; category: string }): Promise<Readable> {
    return this.storage.open(category === 'image' ? imageKey(id) : uploadKey(id));
  }

  /** Returns the display name and the detected type. */
  private async inspect(uploaderId: string, received: ReceivedFile): Promise<CheckedFile & { name: string }> {
    const { path, name: rawName, declaredType, ended } = received;
    const name = cleanFileName(rawName);
    if (!name) throw ValidationError.of('file', 'has a name that is not allowed');
    const { allowed, extensions } = this.policy.allowedTypes;
    const { extension } = name;
    if (extension !== undefined && !extensions.includes(extension)) throw InvalidFileType.none(extensions);
    const declaredFile = { path, extension, declaredType, allowed };
    const checked = await this.processes.check(declaredFile, { uploaderId, ended });
    return { ...checked, name: extension === undefined ? nameWithType(name, checked.type) : name.name };
  }

  private async store(actor: Actor, path: string, file: NewFile, resumed: UploadWriter | undefined): Promise<FileDto> {
    await this.reserve(actor, file, resumed);
    try {
      await this.storage.put(uploadKey(file.id), path, file.type);
    } catch (error) {
      await this.repository.deleteRows([file.id]).catch((err: unknown) => this.rollbackWarning.failed({ err }));
      throw error;
    }
    const row = await this.repository.markStored(file.id);
    if (!row) {
      await this.storage.remove([uploadKey(file.id)]);
      throw resumed ? new UploadTakenOver() : new FileNotFound();
    }
    this.events.publish(new FileStored(file.id, file.uploaderId));
    return FileDto.of(row);
  }

  /** Inserts the row before the bytes are stored, so that no bytes are ever left without a row. */
  private async reserve(actor: Actor, file: NewFile, resumed: UploadWriter | undefined): Promise<void> {
    await this.repository.withQuotaLock(actor.userId, async (tx) => {
      const quota = await this.policy.readQuota(tx, actor);
      if (resumed) await this.resumable.discardPending(tx, resumed.uploadId);
      if (!(await this.repository.insert(tx, file, quota, resumed?.uploadId))) throw FileQuotaExceeded.of(quota);
      if (resumed && !(await this.resumable.assignFile(tx, resumed, file.id))) throw new UploadTakenOver();
    });
  }
}
