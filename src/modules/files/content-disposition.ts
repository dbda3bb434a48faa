import type { Disposition } from './files.dto.js';

/** Characters that RFC 8187 allows unescaped. */
const PLAIN = /[A-Za-z0-9!#$&+.^_`|~-]/;

/** The header of RFC 6266: an ASCII name for old clients, and the real one. No part of the name can end the header. */
export function contentDisposition(disposition: Disposition, name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%;]/g, '_');
  return `${disposition}; filename="${ascii}"; filename*=UTF-8''${escaped(name)}`;
}

function escaped(name: string): string {
  let text = '';
  for (const byte of Buffer.from(name, 'utf8')) {
    const character = String.fromCharCode(byte);
    text += byte < 0x80 && PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
