import { mayChangeRole, mayModerate, PARTICIPANT_ROLES, type ParticipantRole, rankIn } from './participant-roles.js';

const rank = (role: ParticipantRole): number => rankIn('group', role, 'user');

describe('the rank of a role', () => {
  it.each([
    ['owner', ['admin', 'moderator', 'participant']],
    ['admin', ['moderator', 'participant']],
    ['moderator', ['participant']],
    ['participant', []],
  ] as const)('allows a(n) %s to mute and remove only %j', (role, below) => {
    expect(PARTICIPANT_ROLES.filter((target) => mayModerate(rank(role), target))).toEqual(below);
  });

  it.each([
    ['owner', 'admin', ['owner', 'admin', 'moderator', 'participant']],
    ['owner', 'owner', []],
    ['admin', 'participant', ['admin', 'moderator', 'participant']],
    ['admin', 'moderator', ['admin', 'moderator', 'participant']],
    ['admin', 'admin', []],
    ['admin', 'owner', []],
    ['moderator', 'participant', []],
    ['participant', 'participant', []],
  ] as const)('allows a(n) %s to change the role %s only into %j', (role, from, into) => {
    expect(PARTICIPANT_ROLES.filter((to) => mayChangeRole(rank(role), from, to))).toEqual(into);
  });

  it('places a system admin above the owner in groups and rooms, and gives no rank in direct conversations', () => {
    expect(mayModerate(rankIn('group', undefined, 'admin'), 'owner')).toBe(true);
    expect(mayModerate(rankIn('room', 'participant', 'admin'), 'owner')).toBe(true);
    expect(rankIn('direct', undefined, 'admin')).toBe(0);
  });

  it('makes a system moderator a moderator of rooms alone', () => {
    expect(mayModerate(rankIn('room', undefined, 'moderator'), 'participant')).toBe(true);
    expect(mayModerate(rankIn('room', undefined, 'moderator'), 'moderator')).toBe(false);
    expect(mayChangeRole(rankIn('room', undefined, 'moderator'), 'participant', 'moderator')).toBe(false);
    expect(rankIn('group', undefined, 'moderator')).toBe(0);
  });

  it.each(['user', 'student', 'teacher'] as const)('gives the system role %s nothing', (systemRole) => {
    expect(rankIn('room', undefined, systemRole)).toBe(0);
  });
});
