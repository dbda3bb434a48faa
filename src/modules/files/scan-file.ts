import { rm } from 'node:fs/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { AppError, ServiceUnavailable } from '../../platform/errors/app-error.js';
import { Clamd, ScannerDisconnected, ScannerUnavailable } from './clamd.js';
import { type FileType, fileTypeOf } from './file-types.js';
import { FileTooLarge, MalwareDetected } from './files.errors.js';
import { FileDto, type FileRow } from './files.dto.js';
import { findFfmpeg } from './find-ffmpeg.js';
import type { PosterTask } from './render-poster.js';
import { FileScansRepository, type ScanResult } from './file-scans.repository.js';
import { FileProcesses } from './file-processes.js';
import {
  IMAGE_SIZES,
  imageKey,
  allKeysOf,
  thumbnailKey,
  typeOfSize,
  uploadKey,
  BytesMissing,
  FileStorage,
} from './storage/file-storage.js';
import { TempUploads } from './storage/temp-uploads.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

/**
 * How often a scan may end without a result, for example because it crashes the process or the scanner, before the file
 * is given up.
 */
const SCANS_BEGUN_MAX = 3;
const GIVEN_UP = 'SCAN_FAILED';
/**
 * The size limit of a re-encoded image in relation to the upload limit. It may be larger than the uploaded one; a
 * drawing in one bit a pixel would be 24 times as large.
 */
const MAX_GROWTH = 4;

/** A completed scan: who is notified, and the file. */
export interface ScannedFile {
  readonly file: FileDto;
  readonly uploaderId: string;
  readonly attachedTo: { readonly conversationId: string; readonly messageId: string } | undefined;
}

/**
 * The checks that exceed the time of a request: the scanner, unpacking, decoding. A file becomes ready only by passing
 * all of them; after any failure it stays unavailable.
 */
@Injectable()
export class ScanFile implements OnModuleDestroy {
  private readonly logger = new Logger(ScanFile.name);
  private readonly removalWarning = new RepeatedWarning(
    this.logger,
    'the bytes of a scanned file could not be removed',
    {
      recovered: 'the bytes of scanned files are removed again',
    },
  );
  private readonly missingWarning = new RepeatedWarning(
    this.logger,
    'the bytes of a file are missing, so it is not scanned: is FILES_DIR the same folder for all processes?',
    { level: 'error' },
  );
  private readonly clamd: Clamd | undefined;
  private readonly maxImageBytes: number;
  private readonly ffmpeg: Promise<string | undefined>;

  constructor(
    private readonly repository: FileScansRepository,
    private readonly storage: FileStorage,
    private readonly tempUploads: TempUploads,
    private readonly processes: FileProcesses,
    { clamavUrl, fileMaxImageBytes, ffmpegPath }: Config,
  ) {
    this.ffmpeg = findFfmpeg(ffmpegPath);
    this.clamd = clamavUrl === undefined ? undefined : new Clamd(clamavUrl);
    this.maxImageBytes = MAX_GROWTH * fileMaxImageBytes;
  }

  /** A shutdown does not wait for a scanner. */
  onModuleDestroy(): void {
    this.clamd?.close();
  }

  /**
   * Scans a file and records the result; undefined when there was nothing to do.
   * @throws ScannerUnavailable, ServiceUnavailable: nothing was recorded, the scan has to be repeated
   */
  async scan(id: string): Promise<ScannedFile | undefined> {
    const stored = await this.repository.beginScan(id);
    if (!stored) return undefined;
    const { file, scans_begun: begun } = stored;
    const result: ScanResult =
      begun > SCANS_BEGUN_MAX
        ? { status: 'rejected', reason: GIVEN_UP }
        : await this.examineSafely(file, fileTypeOf(file.type));
    return this.complete(id, result);
  }

  private async examineSafely(file: FileRow, type: FileType): Promise<ScanResult> {
    const { id } = file;
    try {
      return await this.storage.withLocalCopy(uploadKey(id), (path) => this.examine(file, type, path));
    } catch (error) {
      if (error instanceof ScannerUnavailable || error instanceof ServiceUnavailable) {
        // A scanner that disconnects at every scan of this file is not unavailable.
        if (!(error instanceof ScannerDisconnected)) await this.repository.uncountScan(id);
        if (error instanceof BytesMissing && !(await this.isMissing(id)))
          return { status: 'rejected', reason: GIVEN_UP };
        throw error;
      }
      if (!(error instanceof AppError)) throw error;
      this.logger.log({ file_id: id, code: error.code, ...error.details }, 'a file was rejected');
      return { status: 'rejected', reason: error.code };
    }
  }

  /** Another scan, or a deletion, may have removed the bytes: then there is nothing left to record. */
  private async isMissing(id: string): Promise<boolean> {
    if (!(await this.repository.isScanning(id))) return false;
    this.missingWarning.failed({ file_id: id });
    return true;
  }

  private async examine({ id, duration }: FileRow, type: FileType, path: string): Promise<ScanResult> {
    const verdict = await this.clamd?.scan(path);
    if (verdict === 'malware') throw new MalwareDetected();
    if (verdict === 'impossible') return { status: 'rejected', reason: GIVEN_UP };
    if (type.structure === 'zip') {
      await this.processes.run({ kind: 'unpack', path, isDocument: type.category === 'document' });
    }
    if (type.category === 'image') return this.reencode(id, type, path);
    if (type.category === 'audio') return this.withWaveform(id, type, path);
    if (type.category === 'video')
      return this.withPoster({ id, type: type.type, duration: duration ?? undefined, path });
    return { status: 'ready' };
  }

  private async withWaveform(id: string, { type }: FileType, path: string): Promise<ScanResult> {
    const ffmpeg = await this.ffmpeg;
    const waveform = await this.ifPossible(id, this.processes.run({ kind: 'waveform', path, type, ffmpeg }));
    return { status: 'ready', waveform: waveform ?? undefined };
  }

  private async withPoster(video: Omit<PosterTask, 'ffmpeg' | 'thumbnails'> & { id: string }): Promise<ScanResult> {
    const ffmpeg = await this.ffmpeg;
    if (ffmpeg === undefined) return { status: 'ready' };
    const { id, ...task } = video;
    const paths = IMAGE_SIZES.map((name) => [name, this.tempUploads.createPath()] as const);
    const thumbnails = Object.fromEntries(paths) as PosterTask['thumbnails'];
    try {
      const poster = await this.ifPossible(id, this.processes.run({ kind: 'poster', ...task, ffmpeg, thumbnails }));
      for (const { name } of poster?.thumbnails ?? []) {
        await this.storage.put(thumbnailKey(id, name), thumbnails[name], 'image/webp');
      }
      return { status: 'ready', ...poster };
    } finally {
      for (const [, made] of paths) await rm(made, { force: true });
    }
  }

  /** A waveform or a poster only accompanies a file: one that cannot be made is omitted, whatever the reason. */
  private async ifPossible<T>(id: string, made: Promise<T>): Promise<T | undefined> {
    try {
      return await made;
    } catch (error) {
      if (error instanceof ServiceUnavailable) throw error;
      this.logger.log({ err: error, file_id: id }, 'a file has no waveform or poster');
      return undefined;
    }
  }

  private async reencode(id: string, { type }: FileType, path: string): Promise<ScanResult> {
    const target = this.tempUploads.createPath();
    const thumbnails = {
      small: this.tempUploads.createPath(),
      medium: this.tempUploads.createPath(),
      large: this.tempUploads.createPath(),
      full: this.tempUploads.createPath(),
    };
    try {
      const image = await this.processes.run({ kind: 'render', path, type, target, thumbnails });
      if (image.size > this.maxImageBytes) throw new FileTooLarge({ reason: 'expands to too much' });
      await this.storage.put(imageKey(id), target, type);
      for (const { name } of image.thumbnails) {
        await this.storage.put(thumbnailKey(id, name), thumbnails[name], typeOfSize(name));
      }
      return { status: 'ready', ...image, isReencoded: true };
    } finally {
      for (const made of [target, ...Object.values(thumbnails)]) await rm(made, { force: true });
    }
  }

  /** The result is announced even if the store is unavailable and the bytes cannot be removed. */
  private async removeBytes(id: string, keys: readonly string[]): Promise<void> {
    try {
      await this.storage.remove(keys);
      this.removalWarning.worked();
    } catch (error) {
      this.removalWarning.failed({ err: error, file_id: id });
    }
  }

  private async complete(id: string, result: ScanResult): Promise<ScannedFile | undefined> {
    const completed = await this.repository.completeScan(id, result);
    if (!completed) {
      // Another scan may have been faster, and its result stays; of a deleted file nothing may be left.
      if (!(await this.repository.exists(id))) await this.removeBytes(id, allKeysOf(id));
      return undefined;
    }
    if (result.status === 'rejected') await this.removeBytes(id, allKeysOf(id));
    else if (result.isReencoded) await this.removeBytes(id, [uploadKey(id)]);
    const attachment = await this.repository.findAttachment(id);
    return {
      file: FileDto.of(completed.file),
      uploaderId: completed.uploader_id,
      attachedTo: attachment && { conversationId: attachment.conversation_id, messageId: attachment.message_id },
    };
  }
}
