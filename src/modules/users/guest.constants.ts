import type { Actor } from '../../platform/identity/actor.js';

/** The account that all guests share, and its session; a migration creates them. */
export const GUEST_USER_ID = '00000000-0000-7000-8000-000000000001';
export const GUEST_SESSION_ID = '00000000-0000-7000-8000-000000000002';

/** Whether the actor is a guest. */
export function isGuest({ userId }: Pick<Actor, 'userId'>): boolean {
  return userId === GUEST_USER_ID;
}
