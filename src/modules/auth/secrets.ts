import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** 256 random bits for a refresh token, a ticket or a device. */
export function newSecret(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** The stored form of such a secret. It has more entropy than the hash has bits, so a fast hash is enough. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Of the successor of a refresh token, and of the secret of a key that signs tokens: one key each. */
type Purpose = 'refresh successor' | 'signing key';

/** Encrypts `text` so that only the owner of `secret`, which is not stored, can read it. */
export function encryptWith(secret: string, text: string, purpose: Purpose = 'refresh successor'): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyFrom(secret, purpose), iv);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

/** @throws Error when it was not encrypted with `secret` for this purpose */
export function decryptWith(secret: string, ciphertext: Buffer, purpose: Purpose = 'refresh successor'): string {
  const decipher = createDecipheriv('aes-256-gcm', keyFrom(secret, purpose), ciphertext.subarray(0, IV_BYTES));
  decipher.setAuthTag(ciphertext.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(ciphertext.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
}

function keyFrom(secret: string, purpose: Purpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `parley ${purpose}`, 32));
}
