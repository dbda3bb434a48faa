import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import {
  AccountBanned,
  AppError,
  AuthenticationRequired,
  ServiceUnavailable,
  ValidationError,
} from '../../../platform/errors/app-error.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { cleanText } from '../../../platform/validation/text.js';
import { cleanFileName } from '../file-name.js';
import { FileQuotaExceeded } from '../files.errors.js';
import { FilesPolicy } from '../files.policy.js';
import { FilesRepository } from '../files.repository.js';
import { FilesService } from '../files.service.js';
import { UploadsInProgress } from '../uploads-in-progress.js';
import type { ReceivedPiece } from './receive-pieces.js';
import { type NewUploadDto, UploadDto, type UploadRow } from './resumable-uploads.dto.js';
import { TooManyPieces, UploadNotFound, UploadOffsetMismatch, UploadTakenOver } from './resumable-uploads.errors.js';
import { ResumableUploadsRepository, type UploadWriter } from './resumable-uploads.repository.js';
import { type UploadBody } from './upload-body.js';
import { UploadPieces } from './upload-pieces.js';

/** A gigabyte has 256 full pieces; the others are for connections that were lost. */
const MAX_PIECES = 1000;
/** For the checks of a complete file and their queue. They go on when the client is gone, which asks for the result later. */
const CHECKS_MS = 60_000;
/** After these errors an upload can be continued; after others its file is refused, and the upload has ended. */
const CONTINUABLE = [ServiceUnavailable, UploadTakenOver, AuthenticationRequired, AccountBanned];

/**
 * Uploads that continue after a lost connection (tus 1.0). The size is reserved in the quota when an upload begins. The
 * offset is what is durably stored; the last bytes count only together with the file that is made of all, so a client that
 * lost any response repeats no more than them.
 */
@Injectable()
export class ResumableUploads {
  /** The requests of this process that continue an upload, by their writer. */
  private readonly writing = new Map<string, AbortController>();

  constructor(
    private readonly repository: ResumableUploadsRepository,
    private readonly pieces: UploadPieces,
    private readonly files: FilesService,
    private readonly stored: FilesRepository,
    private readonly policy: FilesPolicy,
    private readonly inProgress: UploadsInProgress,
  ) {}

  /**
   * Begins an upload, with the first bytes if there are any.
   * @throws ValidationError, ConversationNotFound, FeatureDisabled, InvalidFileType, FileTooLarge, FileQuotaExceeded, and
   * what `append` throws
   */
  async create(actor: Actor, dto: NewUploadDto, body: UploadBody | undefined): Promise<UploadDto> {
    await this.policy.requireConversation(actor, dto.conversation_id);
    const name = cleanFileName(dto.filename);
    if (!name) throw ValidationError.of('Upload-Metadata.filename', 'is not allowed');
    this.policy.requireAcceptedFile(name.extension, dto.length);
    const id = newId();
    const upload = {
      id,
      uploaderId: actor.userId,
      conversationId: dto.conversation_id,
      name: dto.filename,
      declaredType: dto.filetype ?? '',
      description: cleanText(dto.description ?? ''),
      length: dto.length,
    };
    let row: UploadRow | undefined;
    await this.stored.withQuotaLock(actor.userId, async (tx) => {
      const quota = await this.policy.readQuota(tx, actor);
      row = await this.repository.insert(tx, upload, quota, this.policy.uploadHours);
      if (!row) throw FileQuotaExceeded.of(quota);
    });
    return body ? this.append(actor, id, 0, body) : UploadDto.of(row!);
  }

  /** @throws UploadNotFound */
  async get(actor: Actor, id: string): Promise<UploadDto> {
    return UploadDto.of(await this.require(actor, id));
  }

  /**
   * Stores more bytes of the actor's own upload; with the last ones, checks and stores the file. An earlier request that
   * still continues the upload is refused from now on.
   * @throws AuthenticationRequired, UploadNotFound, UploadOffsetMismatch, UploadTakenOver, TooManyPieces, TooManyUploads, ValidationError, and what
   * `FilesService.upload` throws
   */
  async append(actor: Actor, id: string, offset: number, body: UploadBody): Promise<UploadDto> {
    await this.policy.requireActive(actor);
    const slot = this.inProgress.begin(actor.userId, body.ip);
    const writer = { uploadId: id, writer: newId() };
    const takenOver = new AbortController();
    // Before the update: a later request may learn first that it has replaced this one.
    this.writing.set(writer.writer, takenOver);
    try {
      const { uploadHours: hours } = this.policy;
      const upload = await this.repository.takeOver(writer, { uploaderId: actor.userId, offset, hours });
      if (!upload) return await this.explain(actor, id, offset);
      this.stop(upload.earlier_writer);
      if (upload.pieces >= MAX_PIECES) throw new TooManyPieces();
      requireFits(upload, offset + (body.announcedBytes ?? 0));
      return await this.receive(actor, upload, writer, { body, takenOver: takenOver.signal });
    } finally {
      this.writing.delete(writer.writer);
      this.inProgress.end(slot);
    }
  }

  /** Ends the actor's own upload and removes its bytes; a file that was made of it stays. @throws UploadNotFound */
  async end(actor: Actor, id: string): Promise<void> {
    await this.policy.requireActive(actor);
    const ended = await this.repository.end(id, actor.userId);
    if (!ended) throw new UploadNotFound();
    this.stop(ended.writer);
    await this.pieces.removeCounted(id);
  }

  /** Ends a request that may no longer continue its upload at once, if this process has it; others end at their next piece. */
  private stop(writer: string | null): void {
    if (writer !== null) this.writing.get(writer)?.abort();
  }

  private async require(actor: Actor, id: string): Promise<UploadRow> {
    const row = await this.repository.find(id, actor.userId);
    if (!row) throw new UploadNotFound();
    return row;
  }

  /** Why an upload cannot be continued at this offset; a complete one is returned as it is. */
  private async explain(actor: Actor, id: string, offset: number): Promise<UploadDto> {
    const row = await this.require(actor, id);
    if (row.completed_at !== null && offset === Number(row.length)) return UploadDto.of(row);
    throw new UploadOffsetMismatch(Number(row.received));
  }

  private async receive(
    actor: Actor,
    upload: UploadRow,
    writer: UploadWriter,
    { body, takenOver }: { body: UploadBody; takenOver: AbortSignal },
  ): Promise<UploadDto> {
    let received = Number(upload.received);
    for await (const piece of this.pieces.receive(body.stream, takenOver)) {
      const start = received;
      received += piece.size;
      requireFits(upload, received);
      const last = await this.store(writer, piece, { start, isLast: received === Number(upload.length) });
      if (last !== undefined) return this.complete(actor, upload, writer, last);
    }
    if (takenOver.aborted) throw new UploadTakenOver();
    return this.get(actor, upload.id);
  }

  /** Returns the id of the last piece, which is stored and not counted yet. */
  private async store(
    writer: UploadWriter,
    piece: ReceivedPiece,
    { start, isLast }: { start: number; isLast: boolean },
  ): Promise<string | undefined> {
    const id = newId();
    const isAdded = await this.repository.addPiece(writer, { id, start, size: piece.size });
    if (!isAdded) throw new UploadTakenOver();
    await this.pieces.put(id, piece);
    if (isLast) return id;
    if (await this.repository.countPiece(writer, id, start + piece.size)) return undefined;
    await this.pieces.remove([id]);
    throw new UploadTakenOver();
  }

  private async complete(actor: Actor, upload: UploadRow, writer: UploadWriter, last: string): Promise<UploadDto> {
    const { id, name, declared_type: declaredType, conversation_id: conversationId, description } = upload;
    try {
      await this.pieces.withWholeFile(id, { last, length: Number(upload.length) }, async (path, contentHash) => {
        const received = { path, name, declaredType, contentHash, ended: AbortSignal.timeout(CHECKS_MS) };
        await this.files.upload(actor, received, { conversation_id: conversationId ?? undefined, description }, writer);
      });
    } catch (error) {
      const isContinuable = !(error instanceof AppError) || CONTINUABLE.some((one) => error instanceof one);
      if (!isContinuable && (await this.repository.end(id, actor.userId))) await this.pieces.removeCounted(id);
      throw error;
    }
    const completed = await this.get(actor, id);
    await this.pieces.removeAll([id]);
    return completed;
  }
}

/** @throws ValidationError for more bytes than announced */
function requireFits({ length }: UploadRow, received: number): void {
  if (received > Number(length)) throw ValidationError.of('', 'has more bytes than Upload-Length');
}
