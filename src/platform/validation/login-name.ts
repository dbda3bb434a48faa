import { domainToASCII } from 'node:url';
import { foldUsername } from './text.js';

const LOCAL_PART = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/;
/**
 * Letters of any script; what a reader of addresses would drop or decode, line feeds and %-escapes, is not among them.
 */
const DOMAIN = /^(?!.*\p{Default_Ignorable_Code_Point})[\p{L}\p{M}\p{N}.-]+$/u;
const DOMAIN_LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** The form under which an e-mail address is unique: lower case, the domain in ASCII. Undefined for what is none. */
export function foldEmail(text: string): string | undefined {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf('@');
  if (at < 1 || trimmed.length > 254) return undefined;
  const local = trimmed.slice(0, at).toLowerCase();
  const written = trimmed.slice(at + 1);
  const domain = DOMAIN.test(written) ? domainToASCII(written).toLowerCase() : '';
  const labels = domain.split('.');
  const isName = labels.length > 1 && labels.every((label) => DOMAIN_LABEL.test(label)) && /[a-z]/.test(labels.at(-1)!);
  return isName && LOCAL_PART.test(local) ? `${local}@${domain}` : undefined;
}

/**
 * The form in which tries to log in are counted. Whatever finds one account, by its address or by its name, has one
 * form: with two, each of them would have tries of its own.
 */
export function foldLogin(text: string): string {
  return foldEmail(text) ?? foldUsername(text.trim());
}
