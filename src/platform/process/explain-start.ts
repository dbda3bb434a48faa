import { resolve } from 'node:path';
import type { SettingValues } from '../config/settings.js';

/**
 * A problem that prevents a start and that the operator can correct: the message says what to do. It is logged without
 * a stack, unlike a defect.
 */
export class StartProblem extends Error {
  override readonly name: string = 'StartProblem';
}

/** The settings that name what a start needs from its environment. */
export type StartSettings = Partial<
  Pick<SettingValues, 'dataDir' | 'filesDir' | 'databaseUrl' | 'host' | 'port' | 'metricsPort'>
>;

/** The properties of errors of sockets, files and PostgreSQL that identify the problem. */
interface SystemError {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly path?: unknown;
  readonly port?: unknown;
  readonly hostname?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this account may not write there',
  EPERM: 'this account may not write there',
  EROFS: 'its file system is read-only',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'there is a file of that name',
  ENOENT: 'no directory can be created there',
  ELOOP: 'its path is a cycle of links',
  ENAMETOOLONG: 'its path is too long',
  ENOSPC: 'its disk is full',
  EDQUOT: 'the quota of this account is exceeded',
  EMFILE: 'this process may open no more files',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'the name is unknown',
  EAI_AGAIN: 'the name cannot be looked up',
  ETIMEDOUT: 'no response',
  EHOSTUNREACH: 'there is no route to that host',
  ENETUNREACH: 'there is no route to that network',
};
const FILE_PROBLEMS = /^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST|ENOENT|ELOOP|ENAMETOOLONG|ENOSPC|EDQUOT)$/;

/** Describes an error in plain words; its own message if there are none. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as SystemError;
  if (typeof code === 'string' && code in REASONS) return `${REASONS[code]}, ${code}`;
  if (typeof message === 'string' && message) return message.split('\n')[0]!;
  return typeof code === 'string' ? code : String(error);
}

/** Returns a sentence for the operator if they can correct what made the start fail; undefined for a defect. */
export function explainStart(error: unknown, settings: StartSettings): string | undefined {
  for (let each = error; typeof each === 'object' && each !== null; each = (each as SystemError).cause) {
    if (each instanceof StartProblem) return each.message;
    const sentence = explainListening(each, settings) ?? explainFile(each, settings) ?? explainDatabase(each, settings);
    if (sentence) return sentence;
  }
  return undefined;
}

function explainListening(error: SystemError, { host, port, metricsPort }: StartSettings): string | undefined {
  const { code, syscall } = error;
  if (syscall === 'getaddrinfo' && error.hostname === host) return wrongHost(host, error);
  if (syscall !== 'listen') return undefined;
  const isMetrics = error.port === metricsPort && metricsPort !== port;
  const name = isMetrics ? 'METRICS_PORT' : 'PORT';
  if (code === 'EADDRINUSE') {
    const advice = `Stop it (ss -ltnp "sport = :${String(error.port)}" lists it), or set ${name} to another port.`;
    return `${name} ${String(error.port)} is in use by another program. ${advice}`;
  }
  if (code === 'EACCES') {
    return `${name} ${String(error.port)} may not be used by this account. Use a port from 1024 on, and a proxy on the lower port.`;
  }
  return wrongHost(host, error);
}

function wrongHost(host: unknown, error: SystemError): string {
  return `HOST ${String(host)} is not an address of this machine (${reasonOf(error)}). Set it to one, to 0.0.0.0 for all, or leave it unset.`;
}

function explainFile(error: SystemError, { dataDir = '', filesDir }: StartSettings): string | undefined {
  const { code, path } = error;
  if (typeof path !== 'string' || typeof code !== 'string' || !FILE_PROBLEMS.test(code)) return undefined;
  const isOf = (directory: string): boolean => {
    const absolute = resolve(directory);
    return path.startsWith(absolute) || absolute.startsWith(path);
  };
  const [name, directory] = filesDir && isOf(filesDir) ? ['FILES_DIR', filesDir] : ['DATA_DIR', dataDir];
  if (!isOf(directory)) return undefined;
  return `${name} ${resolve(directory)} cannot be used: ${reasonOf(error)} (${path}). Make it a directory that the account of the server may write to, or set ${name} to another directory.`;
}

/** Explains an error of PostgreSQL by its SQLSTATE. */
function explainDatabase(error: SystemError, { databaseUrl }: StartSettings): string | undefined {
  const { code, message } = error;
  if (!databaseUrl || typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  const { host, pathname, username } = new URL(databaseUrl);
  const database = decodeURIComponent(pathname.slice(1));
  const user = decodeURIComponent(username);
  const report = `PostgreSQL at ${host} reports: ${String(message)}.`;
  switch (code) {
    case '28P01':
      return `${report} Correct the user or the password in DATABASE_URL.`;
    case '28000':
      return `${report} Allow the user "${user}" to log in (pg_hba.conf, role with LOGIN), or correct DATABASE_URL.`;
    case '3D000':
      return `${report} Create it (createdb --encoding=UTF8 ${database}), or correct DATABASE_URL.`;
    case '42501':
      return `${report} Make the user "${user}" the owner of the database "${database}".`;
    case '25006':
      return `${report} DATABASE_URL must name a server that accepts writes, not a standby.`;
    case '53300':
      return `${report} Raise max_connections there, or lower DATABASE_POOL_SIZE.`;
    default:
      return undefined;
  }
}
