import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../../platform/audit/audit-log.js';
import { ServiceUnavailable } from '../../../platform/errors/app-error.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { FilesService } from '../../files/files.service.js';
import { UserNotFound } from '../../users/users.errors.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { type ArchiveEntry, streamArchive, toJsonLines } from './archive.js';
import { type ContentName, type ExportedFile, ExportRepository, type ListName } from './export.repository.js';

/** Concurrent exports of this process, one for each actor: each occupies a connection while it lasts. */
const AT_ONCE = 4;
const RETRY_SECONDS = 30;

const LISTS: readonly ListName[] = [
  'sessions',
  'conversations',
  'threads',
  'blocks',
  'invitations',
  'join-requests',
  'webhooks',
  'votes',
  'scheduled',
  'hidden-messages',
  'saved',
  'drafts',
  'uploads',
  'files',
];
const CONTENT: readonly ContentName[] = ['messages', 'reactions'];

/** Exports all data of one user as a zip: JSON and JSON lines by subject, and the bytes of the files. */
@Injectable()
export class ExportAccount {
  /** The actors with an export in progress. */
  private readonly running = new Set<string>();

  constructor(
    private readonly repository: ExportRepository,
    private readonly policy: UsersPolicy,
    private readonly files: FilesService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Exports any user, for admins; audited before the first byte.
   * @throws PermissionDenied, UserNotFound, ServiceUnavailable
   */
  async export(actor: Actor, userId: string): Promise<Readable> {
    const current = await this.policy.requireRank(actor, 'admin');
    const profile = await this.requireProfile(userId);
    await this.audit.record({ actor: current, action: 'user.export', target: { type: 'user', id: userId } });
    return this.stream(actor, userId, profile);
  }

  /** @throws AuthenticationRequired, AccountBanned, ServiceUnavailable */
  async exportOwn(actor: Actor): Promise<Readable> {
    await this.policy.requireActive(undefined, actor);
    return this.stream(actor, actor.userId, await this.requireProfile(actor.userId));
  }

  private async requireProfile(userId: string): Promise<object> {
    const profile = await this.repository.profile(userId);
    if (!profile) throw new UserNotFound();
    return profile;
  }

  private stream({ userId: actorId }: Actor, userId: string, profile: object): Readable {
    if (this.running.size >= AT_ONCE || this.running.has(actorId)) throw new ServiceUnavailable(RETRY_SECONDS);
    this.running.add(actorId);
    return streamArchive(this.entries(userId, profile)).once('close', () => this.running.delete(actorId));
  }

  private async *entries(userId: string, profile: object): AsyncGenerator<ArchiveEntry> {
    yield {
      path: 'profile.json',
      open: () => Readable.from([JSON.stringify(profile, null, 2)], { objectMode: false }),
    };
    for (const name of LISTS)
      yield { path: `${name}.ndjson`, open: () => toJsonLines(this.repository.list(name, userId)) };
    for (const name of CONTENT)
      yield { path: `${name}.ndjson`, open: () => toJsonLines(this.repository.content(name, userId)) };
    for await (const page of this.repository.list('files', userId)) {
      for (const file of page as unknown as ExportedFile[]) {
        if (file.status !== 'ready') continue;
        const path = `files/${file.id}/${entryName(file.name)}`;
        yield { path, open: () => this.files.openForDownload(file), isCompressed: file.category === 'document' };
      }
    }
  }
}

/** Removes characters of a file name that have a meaning in a path. */
function entryName(name: string): string {
  const safe = name.replace(/[/\\:*?"<>|\u0000-\u001F]/g, '_').replace(/^\.+/, '_');
  return safe === '' ? 'file' : safe;
}
