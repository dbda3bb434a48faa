import { Injectable } from '@nestjs/common';
import { runInTurns, type Steps } from '../../../platform/concurrency/steps.js';
import { AppError, ValidationError } from '../../../platform/errors/app-error.js';
import { DomainEvents } from '../../../platform/event-log/domain-events.js';
import { EventLog } from '../../../platform/event-log/event-log.js';
import type { StreamsTransaction } from '../../../platform/event-log/streams-transaction.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { InputValidator } from '../../../platform/validation/input-validator.js';
import { ExternalIdTaken, UsernameOrEmailTaken } from '../users.errors.js';
import { USER_CREATED, USER_UPDATED, UserRoleChanged, UserUpdated } from '../users.events.js';
import { UsersPolicy } from '../users.policy.js';
import { UsersRepository } from '../users.repository.js';
import { type BatchEntry, isChange, type KnownUser, type PlannedEntry, planEntries, TakenNames } from './batch-plan.js';
import { type EntryErrorDto, type EntryResultDto, type UpsertResultDto, UserEntryDto } from './host-users.dto.js';
import { HostUsersRepository } from './host-users.repository.js';
import type { UserState } from './user-state.js';

/** Entries of one transaction. Its locks are held for some 10 ms, and a conflict repeats only so many. */
const TRANSACTION_MAX = 200;
/** Attempts for one entry whose names other requests take at the same time. */
const ATTEMPTS = 5;

type Change = Extract<PlannedEntry, { after: UserState }>;

/**
 * Creates and updates the users of the host product by their external ids, any number of them with a few statements.
 * Each new user gets their stream and each changed one an event in theirs, as if they had come alone. A batch may be
 * repeated: what is as requested is unchanged.
 */
@Injectable()
export class UpsertUsers {
  private readonly validator = new InputValidator(UserEntryDto);

  constructor(
    private readonly users: UsersRepository,
    private readonly repository: HostUsersRepository,
    private readonly policy: UsersPolicy,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /**
   * Returns one result for each entry, in their order; a wrong entry does not affect the others. After an error of the
   * whole call, entries may have been stored: repeat it. @throws PermissionDenied, AuthenticationRequired,
   * AccountBanned
   */
  async upsert(actor: Actor, inputs: readonly object[]): Promise<UpsertResultDto> {
    await this.policy.requireRank(actor, 'admin');
    const results = new Array<EntryResultDto>(inputs.length);
    const entries = await runInTurns(this.readAll(inputs, results));
    for (let from = 0; from < entries.length; from += TRANSACTION_MAX) {
      await this.storeAll(actor, entries.slice(from, from + TRANSACTION_MAX), results);
    }
    return { data: results };
  }

  /** Returns the valid entries; the others get their results. */
  private *readAll(inputs: readonly object[], results: EntryResultDto[]): Steps<BatchEntry[]> {
    const entries: BatchEntry[] = [];
    const positions = new Map<string, number>();
    for (const [index, raw] of inputs.entries()) {
      yield;
      try {
        const input = this.validator.read(raw);
        const first = positions.get(input.external_id);
        if (first !== undefined) throw ValidationError.of('external_id', `is the same as in entry ${first}`);
        positions.set(input.external_id, index);
        entries.push({ index, input });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        results[index] = refused(externalIdIn(raw), error);
      }
    }
    return entries;
  }

  /** If another request takes a name or an external id at the same time, the entries are stored one by one. */
  private async storeAll(actor: Actor, entries: BatchEntry[], results: EntryResultDto[], attempt = 1): Promise<void> {
    try {
      for (const planned of await this.store(actor, entries)) results[planned.entry.index] = resultOf(planned);
    } catch (error) {
      if (!(error instanceof UsernameOrEmailTaken || error instanceof ExternalIdTaken)) throw error;
      if (entries.length > 1) {
        for (const entry of entries) await this.storeAll(actor, [entry], results);
      } else if (attempt < ATTEMPTS) await this.storeAll(actor, entries, results, attempt + 1);
      else results[entries[0]!.index] = refused(entries[0]!.input.external_id, error);
    }
  }

  /** @throws UsernameOrEmailTaken, ExternalIdTaken if a concurrent request was faster */
  private async store(actor: Actor, entries: readonly BatchEntry[]): Promise<PlannedEntry[]> {
    const planned = await this.claimNames(planEntries(actor, entries, await this.findKnown(entries)));
    const changes = planned.filter(isChange);
    if (changes.length === 0) return planned;
    const existing = changes.flatMap(({ before }) => before?.id ?? []);
    const created = changes.filter(isNew).map(({ after }) => after.id);
    const stored = await this.log.writeMany({ existing, created }, (tx) => this.write(tx, actor, changes));
    this.announce(stored);
    const byIndex = new Map(stored.map((change) => [change.entry.index, change]));
    return planned.map((one) => byIndex.get(one.entry.index) ?? one);
  }

  /** Plans the changes of existing users again, under the locks of their streams, and writes all of them. */
  private async write(tx: StreamsTransaction, actor: Actor, changes: readonly Change[]): Promise<PlannedEntry[]> {
    const current = await this.policy.requireRank(actor, 'admin', tx);
    const existing = changes.filter((change) => !isNew(change)).map(({ entry }) => entry);
    const again = planEntries(actor, existing, await this.findKnown(existing, tx));
    const planned = await this.claimNames([...changes.filter(isNew), ...again], tx);
    const refusedNew = planned.slice(0, changes.length - existing.length).find((one) => 'error' in one);
    if (refusedNew) throw refusedNew.error; // its stream must not be created
    const valid = planned.filter(isChange);
    await this.repository.insert(
      tx,
      valid.filter(isNew).map(({ after }) => after),
    );
    await this.repository.update(
      tx,
      valid.filter((change) => !isNew(change)).map(({ after }) => after),
    );
    for (const change of valid) appendEvent(tx, actor, change);
    audit(tx, current, valid);
    return planned;
  }

  private async claimNames(planned: PlannedEntry[], tx?: StreamsTransaction): Promise<PlannedEntry[]> {
    const users = planned.filter(isChange).map(({ after }) => after);
    if (users.length === 0) return planned;
    const emails = users.flatMap(({ email }) => email ?? []);
    const names = new TakenNames(
      await this.repository.findTaken(
        users.map(({ username }) => username),
        emails,
        tx,
      ),
    );
    return planned.map((one) => names.claim(one));
  }

  private async findKnown(entries: readonly BatchEntry[], tx?: StreamsTransaction): Promise<Map<string, KnownUser>> {
    if (entries.length === 0) return new Map();
    const rows = await this.users.findByExternalIds(
      entries.map(({ input }) => input.external_id),
      tx,
    );
    return new Map(rows.map((row) => [row.external_id!, row]));
  }

  private announce(stored: readonly PlannedEntry[]): void {
    for (const { before, after } of stored.filter(isChange)) {
      if (!before) continue;
      if (before.role !== after.role) this.events.publish(new UserRoleChanged(after.id, after.role));
      this.events.publish(new UserUpdated(after.id));
    }
  }
}

function isNew({ before }: Change): boolean {
  return before === undefined;
}

function appendEvent(tx: StreamsTransaction, { userId: actorId }: Actor, { before, after: { id } }: Change): void {
  if (before) tx.appendTo(id, { type: USER_UPDATED, actorId, subjectId: id });
  else tx.publishExternalOf(id, { type: USER_CREATED, actorId, subjectId: id });
}

/** One entry for the transaction, and one for each user whose role changes or who begins as a moderator. */
function audit(tx: StreamsTransaction, actor: Actor, changes: readonly Change[]): void {
  if (changes.length === 0) return;
  const created = changes.filter(isNew).length;
  const after = { created, updated: changes.length - created };
  tx.audit({ actor, action: 'user.upsert', target: { type: 'user', id: null }, after });
  for (const { before, after: user } of changes) {
    const hasNewRole = before ? before.role !== user.role : user.role === 'moderator';
    if (!hasNewRole) continue;
    const change = { before: before ? { role: before.role } : null, after: { role: user.role } };
    tx.audit({ actor, action: 'user.update', target: { type: 'user', id: user.id }, ...change });
  }
}

function resultOf(planned: PlannedEntry): EntryResultDto {
  const { external_id } = planned.entry.input;
  if ('error' in planned) return refused(external_id, planned.error);
  const { before, after } = planned;
  const outcome = before === undefined ? 'created' : isChange(planned) ? 'updated' : 'unchanged';
  return { external_id, id: after.id, outcome };
}

function refused(externalId: string | null, { code, message, details }: AppError): EntryResultDto {
  const error: EntryErrorDto = { code, message, details };
  return { external_id: externalId, id: null, outcome: 'error', error };
}

function externalIdIn(raw: object): string | null {
  const { external_id: externalId } = (raw ?? {}) as { external_id?: unknown };
  return typeof externalId === 'string' ? externalId.slice(0, 255) : null;
}
