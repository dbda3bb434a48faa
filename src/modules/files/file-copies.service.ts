import { Injectable, Module } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import type { Actor } from '../../platform/identity/actor.js';
import { ParticipantsModule } from '../participants/participants.module.js';
import { UsersModule } from '../users/users.module.js';
import { FileCopiesRepository } from './file-copies.repository.js';
import { FileNotAttachable, FileNotFound, FileQuotaExceeded } from './files.errors.js';
import { FilesPolicy } from './files.policy.js';
import { FilesRepository } from './files.repository.js';

/** Files for forwarded messages: they share the bytes of the original ones. */
@Injectable()
export class FileCopiesService {
  constructor(
    private readonly files: FilesRepository,
    private readonly repository: FileCopiesRepository,
    private readonly policy: FilesPolicy,
  ) {}

  /**
   * Copies files that the actor sees for a message of theirs, without copying bytes; returns the ids in the same order.
   * Copies belong to the actor, whose quota counts shared bytes once.
   * @throws FileNotFound, FileNotAttachable unless all are ready, FileQuotaExceeded, AuthenticationRequired, AccountBanned
   */
  async copy(actor: Actor, ids: readonly string[]): Promise<string[]> {
    await this.policy.readQuota(undefined, actor); // an ended session is refused as such, and sees no files
    const visible = await this.files.findVisible(ids, actor);
    if (visible.length < ids.length) throw new FileNotFound();
    const copies = ids.map((sourceId) => ({ sourceId, id: newId() }));
    await this.files.withQuotaLock(actor.userId, async (tx) => {
      const quota = await this.policy.readQuota(tx, actor);
      if (!(await this.repository.copy(tx, actor.userId, copies))) throw new FileNotAttachable();
      if (!(await this.repository.isWithin(tx, actor.userId, quota))) throw FileQuotaExceeded.of(quota);
    });
    return copies.map(({ id }) => id);
  }

  /** Deletes copies that no message contains. */
  async deleteCopies(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.repository.deleteCopies(ids);
  }
}

/** Also in a worker, which has no routes. */
@Module({
  imports: [UsersModule, ParticipantsModule],
  providers: [FileCopiesService, FileCopiesRepository, FilesRepository, FilesPolicy],
  exports: [FileCopiesService, FilesRepository, FilesPolicy],
})
export class FileCopiesModule {}
