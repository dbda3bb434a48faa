import { newId } from '../../../platform/database/ids.js';
import { AppError } from '../../../platform/errors/app-error.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { proposeUsername, requireUsername, withRandomSuffix } from '../user-fields.policy.js';
import type { UserRow } from '../users.dto.js';
import { ExternalAccountDeleted, UsernameOrEmailTaken } from '../users.errors.js';
import { requireMayManage } from '../users.policy.js';
import type { UserEntryDto } from './host-users.dto.js';
import { changedFieldsOf, stateAfter, type UserState } from './user-state.js';

/** A user with an external id, as found; deleted users are found too. */
export type KnownUser = UserRow & { readonly is_deleted: boolean };

/** A valid entry of a batch, with its position in the input. */
export interface BatchEntry {
  readonly index: number;
  readonly input: UserEntryDto;
}

/** What is to be done for an entry: `after` equals `before` if nothing changes. */
export type PlannedEntry =
  | { readonly entry: BatchEntry; readonly before: UserState | undefined; readonly after: UserState }
  | { readonly entry: BatchEntry; readonly error: AppError };

/** Whether the plan creates or changes the user of the entry. */
export function isChange(planned: PlannedEntry): planned is Exclude<PlannedEntry, { error: AppError }> {
  if ('error' in planned) return false;
  return planned.before === undefined || changedFieldsOf(planned.before, planned.after).length > 0;
}

/** Plans the changes of entries from the users that exist. An entry that is refused does not affect the others. */
export function planEntries(
  actor: Actor,
  entries: readonly BatchEntry[],
  known: ReadonlyMap<string, KnownUser>,
): PlannedEntry[] {
  return entries.map((entry) => {
    try {
      return planOne(actor, entry, known.get(entry.input.external_id));
    } catch (error) {
      if (error instanceof AppError) return { entry, error };
      throw error;
    }
  });
}

function planOne(actor: Actor, entry: BatchEntry, before: KnownUser | undefined): PlannedEntry {
  const { input } = entry;
  if (before?.is_deleted) throw new ExternalAccountDeleted();
  const base = before ?? newState(input);
  const after = stateAfter(base, input);
  requireMayManage(actor, base, after.role);
  return { entry, before, after };
}

function newState(input: UserEntryDto): UserState {
  const { external_id, email, display_name: name } = input;
  const username = input.username === undefined ? proposeUsername({ email, name }) : requireUsername(input.username);
  return {
    id: newId(),
    username,
    email: null,
    external_id,
    display_name: name ?? username,
    bio: '',
    avatar_url: null,
    location: '',
    role: 'user',
    public_metadata: {},
    private_metadata: {},
  };
}

/** Who has a user name or an email: the users of the database, and those of entries before. */
export class TakenNames {
  private readonly usernames = new Map<string, string>();
  private readonly emails = new Map<string, string>();

  constructor(users: readonly Pick<UserState, 'id' | 'username' | 'email'>[]) {
    for (const { id, username, email } of users) {
      this.usernames.set(username, id);
      if (email !== null) this.emails.set(email, id);
    }
  }

  /**
   * Claims the names of a planned user. A user name that was derived for a new user gets a suffix if it is taken; other
   * taken names refuse the entry.
   */
  claim(planned: PlannedEntry): PlannedEntry {
    if ('error' in planned) return planned;
    const { entry, before } = planned;
    let { after } = planned;
    if (isOfOther(this.usernames, after.username, after.id)) {
      if (before || entry.input.username !== undefined) return { entry, error: new UsernameOrEmailTaken('username') };
      after = { ...after, username: withRandomSuffix(after.username) };
    }
    if (after.email !== null && isOfOther(this.emails, after.email, after.id)) {
      return { entry, error: new UsernameOrEmailTaken('email') };
    }
    this.usernames.set(after.username, after.id);
    if (after.email !== null) this.emails.set(after.email, after.id);
    return { entry, before, after };
  }
}

function isOfOther(owners: ReadonlyMap<string, string>, name: string, id: string): boolean {
  const owner = owners.get(name);
  return owner !== undefined && owner !== id;
}
