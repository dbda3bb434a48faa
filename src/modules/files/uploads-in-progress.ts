import { Injectable } from '@nestjs/common';
import { RateLimitExceeded } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { FileQuotaExceeded } from './files.errors.js';
import { FilesPolicy } from './files.policy.js';
import { FilesRepository } from './files.repository.js';
import { UploadSettings } from './upload-settings.js';

const RETRY_AFTER_SECONDS = 5;

/**
 * Uploads of this process that have not been answered. Each holds a connection, an open file and space on the disk that
 * no quota knows yet, so that there are only so many: 5 of an account, 64 in all.
 */
@Injectable()
export class UploadsInProgress {
  private readonly ofAccounts = new Map<string, number[]>();
  private total = 0;

  constructor(
    private readonly settings: UploadSettings,
    private readonly policy: FilesPolicy,
    private readonly repository: FilesRepository,
  ) {}

  /** `bytes`: as announced. Answers what to call at the end, of the request or of its connection. @throws RateLimitExceeded */
  enter(userId: string, bytes: number): () => void {
    const own = this.ofAccounts.get(userId) ?? [];
    if (own.length >= this.settings.mostOfAccount || this.total >= this.settings.mostOfProcess) {
      throw new RateLimitExceeded(RETRY_AFTER_SECONDS);
    }
    this.ofAccounts.set(userId, [...own, bytes]);
    this.total += 1;
    let isOver = false;
    return () => {
      if (!isOver) this.leave(userId, bytes);
      isOver = true;
    };
  }

  numberOf(userId: string): number {
    return this.ofAccounts.get(userId)?.length ?? 0;
  }

  /**
   * Whether there is room for what the uploads of an account in progress have announced together.
   * @throws FileQuotaExceeded, AuthenticationRequired, AccountBanned
   */
  async requireRoom(actor: Actor): Promise<void> {
    const announced = (this.ofAccounts.get(actor.userId) ?? []).reduce((sum, bytes) => sum + bytes, 0);
    await this.repository.underQuotaLock(actor.userId, async (tx) => {
      const quota = await this.policy.requireQuota(tx, actor);
      const { files, bytes } = await this.repository.usage(tx, actor.userId);
      if (files < quota.files && bytes + announced <= quota.bytes) return;
      throw new FileQuotaExceeded({ max_bytes: quota.bytes, max_files: quota.files });
    });
  }

  private leave(userId: string, bytes: number): void {
    const own = this.ofAccounts.get(userId) ?? [];
    own.splice(own.indexOf(bytes), 1);
    if (own.length === 0) this.ofAccounts.delete(userId);
    this.total -= 1;
  }
}
