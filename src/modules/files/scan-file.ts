import { rm } from 'node:fs/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { AppError, ServiceUnavailable } from '../../platform/errors/app-error.js';
import { Clamd, ScannerHungUp, ScannerUnavailable } from './clamd.js';
import { type FileType, fileTypeOf } from './file-types.js';
import { FileTooLarge, MalwareDetected } from './files.errors.js';
import { FileDto } from './files.dto.js';
import { FilesRepository, type Settlement } from './files.repository.js';
import { FileProcesses } from './file-processes.js';
import { imageKey, keysOf, thumbnailKey, uploadKey } from './storage/file-keys.js';
import { BytesMissing, FileStorage } from './storage/file-storage.js';
import { TempUploads } from './storage/temp-uploads.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

/**
 * Scans of one file that may end without a word, as when it takes the process or the scanner down, before it is given
 * up.
 */
const BEGUN_MAX = 3;
const GIVEN_UP = 'SCAN_FAILED';
/**
 * An image encoded anew may be larger than the one that was sent; a drawing in one bit a pixel would be 24 times as
 * large.
 */
const MOST_GROWTH = 4;

/** A scan that is over: whom it concerns, and what they are shown. */
export interface ScannedFile {
  readonly file: FileDto;
  readonly uploaderId: string;
  readonly attachedTo: { readonly conversationId: string; readonly messageId: string } | undefined;
}

/**
 * The checks that take more time than a request has: the scanner, unpacking, decoding. A file becomes ready by passing
 * all of them and in no other way: whatever goes wrong on the way leaves it shut.
 */
@Injectable()
export class ScanFile implements OnModuleDestroy {
  private readonly logger = new Logger(ScanFile.name);
  private readonly unremoved = new RepeatedWarning(this.logger, 'the bytes of a scanned file could not be removed', {
    over: 'the bytes of scanned files are removed again',
  });
  private readonly missing = new RepeatedWarning(
    this.logger,
    'the bytes of a file are not here, so it is not scanned: is FILES_DIR the same folder for all processes?',
    { level: 'error' },
  );
  private readonly clamd: Clamd | undefined;
  private readonly mostImageBytes: number;

  constructor(
    private readonly repository: FilesRepository,
    private readonly storage: FileStorage,
    private readonly tempUploads: TempUploads,
    private readonly processes: FileProcesses,
    { clamavUrl, fileMaxImageBytes }: Config,
  ) {
    this.clamd = clamavUrl === undefined ? undefined : new Clamd(clamavUrl);
    this.mostImageBytes = MOST_GROWTH * fileMaxImageBytes;
  }

  /** A shutdown does not wait for a scanner. */
  onModuleDestroy(): void {
    this.clamd?.hangUp();
  }

  /**
   * Scans a file and settles what it is; undefined when there was nothing to do.
   * @throws ScannerUnavailable, ServiceUnavailable: nothing was settled, ask again
   */
  async scan(id: string): Promise<ScannedFile | undefined> {
    const stored = await this.repository.beginScan(id);
    if (!stored) return undefined;
    const { file, scans_begun: begun } = stored;
    const settlement: Settlement =
      begun > BEGUN_MAX
        ? { status: 'rejected', reason: GIVEN_UP }
        : await this.examineSafely(id, fileTypeOf(file.type));
    return this.complete(id, settlement);
  }

  private async examineSafely(id: string, type: FileType): Promise<Settlement> {
    try {
      return await this.storage.withLocalCopy(uploadKey(id), (path) => this.examine(id, type, path));
    } catch (error) {
      if (error instanceof ScannerUnavailable || error instanceof ServiceUnavailable) {
        // A scanner that always hangs up on this file is no scanner that is away.
        if (!(error instanceof ScannerHungUp)) await this.repository.postponeScan(id);
        if (error instanceof BytesMissing && !(await this.isMissing(id)))
          return { status: 'rejected', reason: GIVEN_UP };
        throw error;
      }
      if (!(error instanceof AppError)) throw error;
      this.logger.log({ file_id: id, code: error.code, ...error.details }, 'a file was rejected');
      return { status: 'rejected', reason: error.code };
    }
  }

  /** Another scan, or a deletion, may have taken them: then there is nothing left to settle. */
  private async isMissing(id: string): Promise<boolean> {
    if (!(await this.repository.isScanning(id))) return false;
    this.missing.failed({ file_id: id });
    return true;
  }

  private async examine(id: string, type: FileType, path: string): Promise<Settlement> {
    const verdict = await this.clamd?.scan(path);
    if (verdict === 'malware') throw new MalwareDetected();
    if (verdict === 'impossible') return { status: 'rejected', reason: GIVEN_UP };
    if (type.structure === 'zip') {
      await this.processes.run({ kind: 'unpack', path, isDocument: type.category === 'document' });
    }
    return type.category === 'image' ? this.reencode(id, type, path) : { status: 'ready' };
  }

  private async reencode(id: string, { type }: FileType, path: string): Promise<Settlement> {
    const [target, thumbnail] = [this.tempUploads.createPath(), this.tempUploads.createPath()];
    try {
      const image = await this.processes.run({ kind: 'render', path, type, target, thumbnail });
      if (image.size > this.mostImageBytes) throw new FileTooLarge({ reason: 'expands to too much' });
      await this.storage.put(imageKey(id), target, type);
      const hasThumbnail = image.blurhash !== undefined;
      if (hasThumbnail) await this.storage.put(thumbnailKey(id), thumbnail, 'image/webp');
      return { status: 'ready', ...image, hasThumbnail, isRenewed: true };
    } finally {
      await rm(target, { force: true });
      await rm(thumbnail, { force: true });
    }
  }

  /** What was settled is told, whether or not the store is there to forget the bytes. */
  private async removeBytes(id: string, keys: readonly string[]): Promise<void> {
    try {
      await this.storage.remove(keys);
      this.unremoved.worked();
    } catch (error) {
      this.unremoved.failed({ err: error, file_id: id });
    }
  }

  private async complete(id: string, settlement: Settlement): Promise<ScannedFile | undefined> {
    const settled = await this.repository.completeScan(id, settlement);
    if (!settled) {
      // Another scan may have been faster, and what it has settled stays; of a file that is gone nothing may be left.
      if (!(await this.repository.isKept(id))) await this.removeBytes(id, keysOf(id));
      return undefined;
    }
    if (settlement.status === 'rejected') await this.removeBytes(id, keysOf(id));
    else if (settlement.isRenewed) await this.removeBytes(id, [uploadKey(id)]);
    const place = await this.repository.findPlace(id);
    return {
      file: FileDto.of(settled.file),
      uploaderId: settled.uploader_id,
      attachedTo: place && { conversationId: place.conversation_id, messageId: place.message_id },
    };
  }
}
