import { isReadOnly, mapDatabaseOutage } from './database-errors.js';

/** Messages of PostgreSQL 15, some in another language: `file` is the same in all languages. */
const READ_ONLY = [
  { code: '25006', message: 'cannot execute INSERT in a read-only transaction' },
  { code: '55000', message: 'recovery is in progress' },
  { code: '55000', file: 'xlogfuncs.c', message: 'Wiederherstellung läuft' },
  { code: '0A000', message: 'cannot access temporary or unlogged relations during recovery' },
  { code: '0A000', file: 'plancat.c', message: 'nicht während der Wiederherstellung' },
];
const UNAVAILABLE = [
  { code: '40001', message: 'canceling statement due to conflict with recovery' },
  { code: '57P01', message: 'terminating connection due to administrator command' },
  { code: '57P03', message: 'the database system is starting up' },
];
const DEFECTS = [
  { code: '55000', message: 'object not in prerequisite state' },
  { code: '0A000', message: 'cannot insert multiple commands into a prepared statement' },
  { code: '42P01', message: 'relation does not exist' },
];

describe('toAppError', () => {
  it.each(READ_ONLY)('treats an error of a standby as a read-only outage: $message', (error) => {
    expect(isReadOnly(error)).toBe(true);
    expect(mapDatabaseOutage(error)).toMatchObject({ code: 'SERVICE_UNAVAILABLE', cause: error });
  });

  it.each(UNAVAILABLE)('treats an error of a starting or stopping server as an outage: $message', (error) => {
    expect(isReadOnly(error)).toBe(false);
    expect(mapDatabaseOutage(error)).toMatchObject({ code: 'SERVICE_UNAVAILABLE', cause: error });
  });

  it.each(DEFECTS)('returns other errors unchanged: $message', (error) => {
    expect(mapDatabaseOutage(error)).toBe(error);
  });
});
