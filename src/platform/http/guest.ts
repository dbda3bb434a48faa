import type { Actor } from './actor.js';

/** The account of everybody who has none, and its session; see the migration that makes them. */
export const GUEST_USER_ID = '00000000-0000-7000-8000-000000000001';
export const GUEST_SESSION_ID = '00000000-0000-7000-8000-000000000002';

/** Whether this is somebody without an account. */
export function isGuest({ userId }: Pick<Actor, 'userId'>): boolean {
  return userId === GUEST_USER_ID;
}
