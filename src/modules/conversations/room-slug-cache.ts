import { Injectable } from '@nestjs/common';
import { RoomDirectoryRepository } from './room-directory.repository.js';

const FRESH_MS = 5_000;
/** At most this many slugs are cached; clients see the ids of further rooms. */
const SLUGS_MAX = 10_000;

/**
 * Only for dialects, whose clients see the slug of a room in place of its id: caches the slugs. For a room that is not
 * cached they see the id, which is equally valid.
 */
@Injectable()
export class RoomSlugCache {
  private slugs = new Map<string, string>();
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;

  constructor(private readonly repository: RoomDirectoryRepository) {}

  slugOrIdOf(conversationId: string): string {
    return this.slugs.get(conversationId) ?? conversationId;
  }

  /** Caches the slug of a room that was just read. The slug of a room never changes. */
  remember({ id, slug }: { id: string; slug: string | null }): void {
    if (slug !== null) this.slugs.set(id, slug);
  }

  /** Reads the slugs, unless the last read was less than five seconds ago. */
  refresh(): Promise<void> {
    if (performance.now() - this.readAt < FRESH_MS) return Promise.resolve();
    this.reading ??= this.read().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async read(): Promise<void> {
    const rows = await this.repository.findSlugs(SLUGS_MAX);
    this.slugs = new Map(rows.map(({ id, slug }) => [id, slug]));
    this.readAt = performance.now();
  }
}
