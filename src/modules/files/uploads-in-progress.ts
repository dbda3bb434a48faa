import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { subjectOfIp } from '../../platform/throttling/limit-subject.js';
import { FileQuotaExceeded, TooManyUploads } from './files.errors.js';
import { FilesPolicy } from './files.policy.js';
import { FilesRepository } from './files.repository.js';

/** An upload that has not been responded to. */
export interface Upload {
  readonly userId: string;
  /** The IP address or network, as used for rate limits. */
  readonly ipSubject: string;
  /** The size of the file, reserved in the quota; undefined until it is known to fit. */
  reservedBytes: number | undefined;
}

/**
 * Uploads of this process that have not been responded to. Each occupies a connection, an open file, and disk space
 * that is not yet in a row. So they are limited for each account, for each IP address (accounts cost nothing where
 * registration is open), and in total. Their announced sizes count against the quota of the account while they last.
 */
@Injectable()
export class UploadsInProgress {
  private readonly uploads = new Set<Upload>();

  constructor(
    private readonly policy: FilesPolicy,
    private readonly repository: FilesRepository,
  ) {}

  get total(): number {
    return this.uploads.size;
  }

  /** Takes a slot, which the caller frees however the upload ends. @throws TooManyUploads */
  begin(userId: string, ip: string | undefined): Upload {
    const { perUser, perIp, perProcess } = this.policy.uploadLimits;
    const ipSubject = subjectOfIp(ip);
    if (this.uploadsOf(userId).length >= perUser) throw new TooManyUploads('account', perUser);
    const ofSameIp = [...this.uploads].filter((upload) => upload.ipSubject === ipSubject);
    if (ofSameIp.length >= perIp) throw new TooManyUploads('ip');
    if (this.uploads.size >= perProcess) throw new TooManyUploads('server');
    const upload: Upload = { userId, ipSubject, reservedBytes: undefined };
    this.uploads.add(upload);
    return upload;
  }

  end(upload: Upload): void {
    this.uploads.delete(upload);
  }

  /**
   * Reserves the announced bytes or, without an announced length, the remaining quota for a file. Returns how many; the
   * row of the file is inserted with the exact numbers, under a lock.
   * @throws FileQuotaExceeded, AuthenticationRequired, AccountBanned
   */
  async reserve(upload: Upload, actor: Actor, announcedBytes: number | undefined): Promise<number> {
    const quota = await this.policy.readQuota(undefined, actor);
    const stored = await this.repository.usage(upload.userId);
    // Nothing is awaited from here on: of two uploads the first one gets the free bytes.
    const reserved = this.uploadsOf(upload.userId).flatMap(({ reservedBytes }) => reservedBytes ?? []);
    const freeBytes = reserved.reduce((left, bytes) => left - bytes, quota.bytes - stored.bytes);
    const bytes = announcedBytes ?? Math.min(this.policy.maxBytes, freeBytes);
    const isExceeded = stored.files + reserved.length >= quota.files || freeBytes <= 0 || bytes > freeBytes;
    if (isExceeded) throw FileQuotaExceeded.of(quota);
    upload.reservedBytes = bytes;
    return bytes;
  }

  private uploadsOf(userId: string): Upload[] {
    return [...this.uploads].filter((upload) => upload.userId === userId);
  }
}
