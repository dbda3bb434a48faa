import { Injectable } from '@nestjs/common';
import { RoomDirectoryService } from './room-directory.service.js';

const FRESH_MS = 5_000;

/**
 * Only for dialects: caches the names of rooms in frames, which are their slugs. A room that is not cached is named by
 * its id, which is equally valid.
 */
@Injectable()
export class RoomNameCache {
  private slugs = new Map<string, string>();
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;

  constructor(private readonly directory: RoomDirectoryService) {}

  nameOf(conversationId: string): string {
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
    this.slugs = await this.directory.slugs();
    this.readAt = performance.now();
  }
}
