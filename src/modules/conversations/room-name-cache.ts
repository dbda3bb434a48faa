import { Injectable } from '@nestjs/common';
import { RoomDirectoryService } from './room-directory.service.js';

const FRESH_MS = 5_000;

/**
 * What rooms are called in frames, known without asking. A room that is not known yet is called by its id, which is as
 * good.
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

  /** Of a room that was just found by its slug, or shown with it; it keeps the slug as long as it lives. */
  learn({ id, slug }: { id: string; slug: string | null }): void {
    if (slug !== null) this.slugs.set(id, slug);
  }

  /** Reads them, unless that was done a moment ago. */
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
