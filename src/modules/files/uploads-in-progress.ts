import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/http/actor.js';
import { addressSubject } from '../../platform/throttling/limit-subject.js';
import { FileQuotaExceeded, TooManyUploads } from './files.errors.js';
import { FilesPolicy } from './files.policy.js';
import { FilesRepository } from './files.repository.js';

/** An upload that has not been answered. */
export interface Upload {
  readonly userId: string;
  /** Where it comes from, as limits tell addresses apart. */
  readonly address: string;
  /** Of the file, set aside in the quota; undefined until there is known to be room for it. */
  reservedBytes: number | undefined;
}

/**
 * Uploads of this process that have not been answered. Each holds a connection, an open file, and space on the disk that
 * is in no row yet. So there are only so many of an account, of an address, whose accounts cost nothing where anybody
 * may register, and of all together. What they announce counts against the quota of the account while they last.
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

  /** Takes a place, to be left however the upload ends. @throws TooManyUploads */
  enter(userId: string, ip: string | undefined): Upload {
    const { perUser, perAddress, perProcess } = this.policy.atOnce;
    const address = addressSubject(ip);
    if (this.of(userId).length >= perUser) throw new TooManyUploads('account', perUser);
    const fromThere = [...this.uploads].filter((upload) => upload.address === address);
    if (fromThere.length >= perAddress) throw new TooManyUploads('address');
    if (this.uploads.size >= perProcess) throw new TooManyUploads('server');
    const upload: Upload = { userId, address, reservedBytes: undefined };
    this.uploads.add(upload);
    return upload;
  }

  leave(upload: Upload): void {
    this.uploads.delete(upload);
  }

  /**
   * Sets the announced bytes aside, or, where no length was announced, what room there is for a file. Answers how many;
   * the row of the file is written by the exact numbers, under a lock.
   * @throws FileQuotaExceeded, AuthenticationRequired, AccountBanned
   */
  async reserve(upload: Upload, actor: Actor, announcedBytes: number | undefined): Promise<number> {
    const quota = await this.policy.requireQuota(undefined, actor);
    const stored = await this.repository.usage(upload.userId);
    // Nothing is awaited from here on: of two uploads the one that gets here first has the room.
    const reserved = this.of(upload.userId).flatMap(({ reservedBytes }) => reservedBytes ?? []);
    const room = reserved.reduce((left, bytes) => left - bytes, quota.bytes - stored.bytes);
    const bytes = announcedBytes ?? Math.min(this.policy.mostBytes, room);
    if (stored.files + reserved.length >= quota.files || room <= 0 || bytes > room) throw FileQuotaExceeded.of(quota);
    upload.reservedBytes = bytes;
    return bytes;
  }

  private of(userId: string): Upload[] {
    return [...this.uploads].filter((upload) => upload.userId === userId);
  }
}
