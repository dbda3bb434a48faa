import { resolve } from 'node:path';
import type { SettingValues } from '../config/settings.js';
import { StartProblem } from './start-problem.js';

/** The settings that name what a start needs of its surroundings. */
export type Surroundings = Partial<
  Pick<SettingValues, 'dataDir' | 'filesDir' | 'databaseUrl' | 'host' | 'port' | 'metricsPort'>
>;

/** What errors of sockets, files and PostgreSQL have, as far as it tells what is wrong. */
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
  ENOENT: 'no folder can be made there',
  ELOOP: 'its path is a circle of links',
  ENAMETOOLONG: 'its path is too long',
  ENOSPC: 'its disk is full',
  EDQUOT: 'the quota of this account is used up',
  EMFILE: 'this process may open no more files',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'the name is unknown',
  EAI_AGAIN: 'the name cannot be looked up',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
};
const FILE_PROBLEMS = /^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST|ENOENT|ELOOP|ENAMETOOLONG|ENOSPC|EDQUOT)$/;

/** What an error means in words; its own words where there are no better ones. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as SystemError;
  if (typeof code === 'string' && code in REASONS) return `${REASONS[code]}, ${code}`;
  if (typeof message === 'string' && message) return message.split('\n')[0]!;
  return typeof code === 'string' ? code : String(error);
}

/** The sentence for the operator, when it is theirs to mend what ended the start; undefined for a defect of ours. */
export function explainStart(error: unknown, surroundings: Surroundings): string | undefined {
  for (let each = error; typeof each === 'object' && each !== null; each = (each as SystemError).cause) {
    if (each instanceof StartProblem) return each.message;
    const sentence =
      explainListening(each, surroundings) ?? explainFile(each, surroundings) ?? explainDatabase(each, surroundings);
    if (sentence) return sentence;
  }
  return undefined;
}

function explainListening(error: SystemError, { host, port, metricsPort }: Surroundings): string | undefined {
  const { code, syscall } = error;
  if (syscall === 'getaddrinfo' && error.hostname === host) return wrongHost(host, error);
  if (syscall !== 'listen') return undefined;
  const isMetrics = error.port === metricsPort && metricsPort !== port;
  const name = isMetrics ? 'METRICS_PORT' : 'PORT';
  if (code === 'EADDRINUSE') {
    const advice = `End that one (ss -ltnp "sport = :${String(error.port)}" shows which), or set ${name} to another port.`;
    return `${name} ${String(error.port)} is taken by another program. ${advice}`;
  }
  if (code === 'EACCES') {
    return `${name} ${String(error.port)} may not be used by this account. Use one from 1024 on and let a proxy have the lower one.`;
  }
  return wrongHost(host, error);
}

function wrongHost(host: unknown, error: SystemError): string {
  return `HOST ${String(host)} is no address of this machine (${reasonOf(error)}). Set it to one, to 0.0.0.0 for all, or leave it out.`;
}

function explainFile(error: SystemError, { dataDir = '', filesDir }: Surroundings): string | undefined {
  const { code, path } = error;
  if (typeof path !== 'string' || typeof code !== 'string' || !FILE_PROBLEMS.test(code)) return undefined;
  const isOf = (directory: string): boolean => {
    const absolute = resolve(directory);
    return path.startsWith(absolute) || absolute.startsWith(path);
  };
  const [name, directory] = filesDir && isOf(filesDir) ? ['FILES_DIR', filesDir] : ['DATA_DIR', dataDir];
  if (!isOf(directory)) return undefined;
  return `${name} ${resolve(directory)} cannot be used: ${reasonOf(error)} (${path}). Make it a folder that the account of the server may write to, or set ${name} to another one.`;
}

/** By the SQLSTATE of what PostgreSQL refuses. */
function explainDatabase(error: SystemError, { databaseUrl }: Surroundings): string | undefined {
  const { code, message } = error;
  if (!databaseUrl || typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  const { host, pathname, username } = new URL(databaseUrl);
  const database = decodeURIComponent(pathname.slice(1));
  const user = decodeURIComponent(username);
  const says = `PostgreSQL at ${host} says: ${String(message)}.`;
  switch (code) {
    case '28P01':
      return `${says} Correct the user or the password in DATABASE_URL.`;
    case '28000':
      return `${says} Let the user "${user}" in (pg_hba.conf, role with LOGIN), or correct DATABASE_URL.`;
    case '3D000':
      return `${says} Make it (createdb --encoding=UTF8 ${database}), or correct DATABASE_URL.`;
    case '42501':
      return `${says} Make the user "${user}" the owner of the database "${database}".`;
    case '25006':
      return `${says} DATABASE_URL must name a server that takes writes, not a standby.`;
    case '53300':
      return `${says} Raise max_connections there, or lower DATABASE_POOL_SIZE.`;
    default:
      return undefined;
  }
}
