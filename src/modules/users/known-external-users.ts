import { Injectable } from '@nestjs/common';
import { ExternalUsers } from '../../platform/identity/external-users.js';
import { UsersRepository } from './users.repository.js';

const KNOWN_MAX = 10_000;

/**
 * Resolves external ids with one statement for all that are asked for in the same turn of the event loop, such as those
 * in the path, the query and the body of a request. A resolved id is kept, because the external id of a user never
 * changes: an erased account keeps it.
 */
@Injectable()
export class KnownExternalUsers extends ExternalUsers {
  private readonly known = new Map<string, string>();
  private next: { readonly externalIds: Set<string>; readonly read: Promise<ReadonlyMap<string, string>> } | undefined;

  constructor(private readonly repository: UsersRepository) {
    super();
  }

  async findIds(externalIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const unknown = externalIds.filter((externalId) => !this.known.has(externalId));
    if (unknown.length === 0)
      return new Map(externalIds.map((externalId) => [externalId, this.known.get(externalId)!]));
    const known = externalIds.map((externalId) => [externalId, this.known.get(externalId)] as const);
    const read = await this.readTogether(unknown);
    const found = new Map<string, string>();
    for (const [externalId, knownId] of known) {
      const id = knownId ?? read.get(externalId);
      if (id !== undefined) found.set(externalId, id);
    }
    return found;
  }

  private readTogether(externalIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const next = (this.next ??= this.startBatch());
    for (const externalId of externalIds) next.externalIds.add(externalId);
    return next.read;
  }

  private startBatch(): NonNullable<KnownExternalUsers['next']> {
    const externalIds = new Set<string>();
    const endOfTurn = new Promise<void>((resolve) => process.nextTick(resolve));
    const read = endOfTurn.then(() => {
      this.next = undefined;
      return this.read([...externalIds]);
    });
    return { externalIds, read };
  }

  private async read(externalIds: string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await this.repository.findIdsOf(externalIds);
    for (const { external_id, id } of rows) this.known.set(external_id, id);
    for (const externalId of this.known.keys()) {
      if (this.known.size <= KNOWN_MAX) break;
      this.known.delete(externalId);
    }
    return new Map(rows.map(({ external_id, id }) => [external_id, id]));
  }
}
