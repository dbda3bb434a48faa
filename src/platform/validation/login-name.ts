import { domainToASCII } from 'node:url';
import { foldUsername } from './text.js';

const LOCAL_PART = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/;
/**
 * Letters of any script. Characters that a parser of emails would drop or decode, such as line feeds and %-escapes, are
 * not allowed.
 */
const DOMAIN = /^(?!.*\p{Default_Ignorable_Code_Point})[\p{L}\p{M}\p{N}.-]+$/u;
const DOMAIN_LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** Returns the unique form of an email: lower case, the domain in ASCII. Undefined if the text is not an email. */
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
 * Returns the form in which login attempts are counted. All spellings that find one account, by its email or by its
 * name, have one form; otherwise each spelling would have its own attempts.
 */
export function foldLogin(text: string): string {
  return foldEmail(text) ?? foldUsername(text.trim());
}
