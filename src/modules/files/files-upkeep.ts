import { Injectable } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { FileStored } from './files.events.js';
import { FilesRepository } from './files.repository.js';
import { keysOf } from './storage/file-keys.js';
import { FileStorage } from './storage/file-storage.js';

const AT_ONCE = 200;
const MOST_ROUNDS = 50;

/**
 * What is due for files, for the whole cluster: those no message shows a day after their upload go, so do uploads that
 * broke off, and scans nobody made are asked for again. Bytes go before rows, so that none are ever left without one.
 */
@Injectable()
export class FilesUpkeep {
  constructor(
    private readonly repository: FilesRepository,
    private readonly storage: FileStorage,
    private readonly events: DomainEvents,
  ) {}

  async tidy(): Promise<void> {
    await untilDone(() => this.repository.letGoOfLoose(AT_ONCE));
    await untilDone(() => this.removeDeleted());
    for (const id of await this.repository.findWaiting(AT_ONCE)) this.events.publish(new FileStored(id));
  }

  private async removeDeleted(): Promise<number> {
    const ids = await this.repository.findDeleted(AT_ONCE);
    await this.storage.remove(ids.flatMap(keysOf));
    await this.repository.forget(ids);
    return ids.length;
  }
}

async function untilDone(round: () => Promise<number>): Promise<void> {
  for (let i = 0; i < MOST_ROUNDS && (await round()) === AT_ONCE; i++);
}
