import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';
import { BytesMissing, FileStorage, pieceKey } from '../storage/file-storage.js';
import { TempUploads } from '../storage/temp-uploads.js';
import { type ReceivedPiece, receivePieces } from './receive-pieces.js';
import { ResumableUploadsRepository } from './resumable-uploads.repository.js';
import { writeNewFile } from './write-new-file.js';

const PIECE_TYPE = 'application/octet-stream';

/** The bytes of resumable uploads: pieces in the storage of files, each an object that never changes. */
@Injectable()
export class UploadPieces {
  private readonly removalWarning = new RepeatedWarning(
    new Logger(UploadPieces.name),
    'pieces of uploads are left to the cleanup task',
    { recovered: 'pieces of uploads are removed again' },
  );

  constructor(
    private readonly repository: ResumableUploadsRepository,
    private readonly storage: FileStorage,
    private readonly tempUploads: TempUploads,
  ) {}

  /** Receives a body in pieces; the temporary file of each is gone when the next one begins. */
  async *receive(body: Readable, takenOver: AbortSignal): AsyncGenerator<ReceivedPiece> {
    for await (const piece of receivePieces(body, { createPath: () => this.tempUploads.createPath(), takenOver })) {
      try {
        yield piece;
      } finally {
        await rm(piece.path, { force: true });
      }
    }
  }

  /** Stores a piece durably. @throws ServiceUnavailable */
  put(id: string, { path }: ReceivedPiece): Promise<void> {
    return this.storage.put(pieceKey(id), path, PIECE_TYPE);
  }

  /**
   * Gives `work` the counted pieces of an upload and its last one as one temporary file, with the SHA-256 of its bytes.
   * @throws BytesMissing when they are not as many as announced, ServiceUnavailable
   */
  async withWholeFile(
    uploadId: string,
    { last, length }: { last: string; length: number },
    work: (path: string, contentHash: string) => Promise<void>,
  ): Promise<void> {
    const pieces = await this.repository.findPieces([uploadId]);
    const ids = pieces.filter(({ id, is_counted: isCounted }) => isCounted || id === last).map(({ id }) => id);
    const path = this.tempUploads.createPath();
    const hash = createHash('sha256');
    let size = 0;
    try {
      const bytes = this.bytesOf(ids);
      const counted = async function* (): AsyncGenerator<Buffer> {
        for await (const chunk of bytes) {
          hash.update(chunk);
          size += chunk.length;
          yield chunk;
        }
      };
      await writeNewFile(path, counted());
      if (size !== length) throw new BytesMissing();
      await work(path, hash.digest('hex'));
    } finally {
      await rm(path, { force: true });
    }
  }

  /** Removes an upload that was ended, unless a request may still add a piece: the cleanup task removes it then. */
  async removeCounted(uploadId: string): Promise<void> {
    const pieces = await this.repository.findPieces([uploadId]);
    await this.removeSafely(pieces.map(({ id }) => id));
    if (pieces.every(({ is_counted: isCounted }) => isCounted)) await this.repository.deleteRows([uploadId]);
  }

  /** Removes the pieces of these uploads. */
  async removeAll(uploadIds: readonly string[]): Promise<void> {
    await this.removeSafely((await this.repository.findPieces(uploadIds)).map(({ id }) => id));
  }

  /** Removes these pieces. @throws ServiceUnavailable */
  async remove(ids: readonly string[]): Promise<void> {
    await this.storage.remove(ids.map(pieceKey));
    await this.repository.deletePieces(ids);
  }

  private async *bytesOf(ids: readonly string[]): AsyncGenerator<Buffer> {
    for (const id of ids) yield* (await this.storage.open(pieceKey(id))) as AsyncIterable<Buffer>;
  }

  private async removeSafely(ids: readonly string[]): Promise<void> {
    try {
      await this.remove(ids);
      this.removalWarning.worked();
    } catch (error) {
      this.removalWarning.failed({ err: error });
    }
  }
}
