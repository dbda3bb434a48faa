import { isReadOnly, toAppError } from './database-errors.js';

/** As PostgreSQL 15 says it, in another language too: `file` is the same in all of them. */
const READ_ONLY = [
  { code: '25006', message: 'cannot execute INSERT in a read-only transaction' },
  { code: '55000', message: 'recovery is in progress' },
  { code: '55000', file: 'xlogfuncs.c', message: 'Wiederherstellung läuft' },
  { code: '0A000', message: 'cannot access temporary or unlogged relations during recovery' },
  { code: '0A000', file: 'plancat.c', message: 'nicht während der Wiederherstellung' },
];
const AWAY = [
  { code: '40001', message: 'canceling statement due to conflict with recovery' },
  { code: '57P01', message: 'terminating connection due to administrator command' },
  { code: '57P03', message: 'the database system is starting up' },
];
const DEFECTS = [
  { code: '55000', message: 'object not in prerequisite state' },
  { code: '0A000', message: 'cannot insert multiple commands into a prepared statement' },
  { code: '42P01', message: 'relation does not exist' },
];

describe('errors of the database', () => {
  it.each(READ_ONLY)('of a standby are an outage in which it is read-only: $message', (error) => {
    expect(isReadOnly(error)).toBe(true);
    expect(toAppError(error)).toMatchObject({ code: 'SERVICE_UNAVAILABLE', cause: error });
  });

  it.each(AWAY)('of a server on its way out or in are an outage: $message', (error) => {
    expect(isReadOnly(error)).toBe(false);
    expect(toAppError(error)).toMatchObject({ code: 'SERVICE_UNAVAILABLE', cause: error });
  });

  it.each(DEFECTS)('of another kind stay what they are: $message', (error) => {
    expect(toAppError(error)).toBe(error);
  });
});
