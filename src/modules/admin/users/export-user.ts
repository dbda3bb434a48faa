import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ServiceUnavailable } from '../../../platform/errors/app-error.js';
import type { Actor } from '../../../platform/http/actor.js';
import { FilesService } from '../../files/files.service.js';
import { UserNotFound } from '../../users/users.errors.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { DatabaseAuditLog } from '../audit/database-audit-log.service.js';
import { type ArchiveEntry, streamArchive, toLines } from './archive.js';
import { type ExportedFile, ExportRepository, type ListName, type SaidName } from './export.repository.js';

/** Exports of this process at a time, one for each who asks: each keeps a connection busy for as long as it lasts. */
const AT_ONCE = 4;
const RETRY_SECONDS = 30;

const LISTS: readonly ListName[] = ['sessions', 'conversations', 'blocks', 'webhooks', 'files'];
const SAID: readonly SaidName[] = ['messages', 'reactions'];

/** All that is kept of one user, as a zip: JSON and lines of JSON by subject, and the bytes of the files. */
@Injectable()
export class ExportUser {
  /** Those whose export is on its way. */
  private readonly running = new Set<string>();

  constructor(
    private readonly repository: ExportRepository,
    private readonly policy: UsersPolicy,
    private readonly files: FilesService,
    private readonly audit: DatabaseAuditLog,
  ) {}

  /**
   * Of anybody, for admins; it is written down before the first byte.
   * @throws PermissionDenied, UserNotFound, ServiceUnavailable
   */
  async export(actor: Actor, userId: string): Promise<Readable> {
    const current = await this.policy.requireRank(actor, 'admin');
    const profile = await this.require(userId);
    await this.audit.record({ actor: current, action: 'user.export', target: { type: 'user', id: userId } });
    return this.stream(actor, userId, profile);
  }

  /** @throws AuthenticationRequired, AccountBanned, ServiceUnavailable */
  async exportOwn(actor: Actor): Promise<Readable> {
    await this.policy.requireActive(undefined, actor);
    return this.stream(actor, actor.userId, await this.require(actor.userId));
  }

  private async require(userId: string): Promise<object> {
    const profile = await this.repository.profile(userId);
    if (!profile) throw new UserNotFound();
    return profile;
  }

  private stream({ userId: askerId }: Actor, userId: string, profile: object): Readable {
    if (this.running.size >= AT_ONCE || this.running.has(askerId)) throw new ServiceUnavailable(RETRY_SECONDS);
    this.running.add(askerId);
    return streamArchive(this.entries(userId, profile)).once('close', () => this.running.delete(askerId));
  }

  private async *entries(userId: string, profile: object): AsyncGenerator<ArchiveEntry> {
    yield {
      path: 'profile.json',
      open: () => Readable.from([JSON.stringify(profile, null, 2)], { objectMode: false }),
    };
    for (const name of LISTS) yield { path: `${name}.ndjson`, open: () => toLines(this.repository.list(name, userId)) };
    for (const name of SAID) yield { path: `${name}.ndjson`, open: () => toLines(this.repository.said(name, userId)) };
    for await (const page of this.repository.list('files', userId)) {
      for (const file of page as unknown as ExportedFile[]) {
        if (file.status !== 'ready') continue;
        const path = `files/${file.id}/${entryName(file.name)}`;
        yield { path, open: () => this.files.openForDownload(file), isCompressed: file.category === 'document' };
      }
    }
  }
}

/** A file's name without what means something in a path. */
function entryName(name: string): string {
  const safe = name.replace(/[/\\:*?"<>|\u0000-\u001F]/g, '_').replace(/^\.+/, '_');
  return safe === '' ? 'file' : safe;
}
