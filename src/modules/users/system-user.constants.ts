import type { Actor } from '../../platform/identity/actor.js';
import { GUEST_USER_ID } from './guest.constants.js';

/** The account in whose name the server and the host's backend act; a migration creates it. It cannot log in. */
export const SYSTEM_USER_ID = '00000000-0000-7000-8000-000000000003';

/** The ids of the accounts that are no person's, as a list of SQL literals: no search, list or count includes them. */
export const BUILT_IN_ACCOUNTS = `'${GUEST_USER_ID}', '${SYSTEM_USER_ID}'`;

/** Whether the actor is the host's backend itself: a call with a server key that does not act as a user. */
export function isServer({ userId, serverKey }: Pick<Actor, 'userId' | 'serverKey'>): boolean {
  return serverKey !== undefined && userId === SYSTEM_USER_ID;
}
