import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { ValidationError } from '../../platform/errors/app-error.js';

const IV_BYTES = 12;
const TAG_BYTES = 16;
const SECRET_BYTES = 32;
export const SECRET_MIN = 12;
export const SECRET_MAX = 256;
const GENERATED_PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Creates the secrets of webhooks and encrypts them (AES-256-GCM). A ciphertext is bound to its webhook and cannot be
 * decrypted for another one.
 */
@Injectable()
export class WebhookSecrets {
  private readonly key: Buffer;

  constructor(config: Config) {
    const root = config.webhookSecretKey || config.jwtSecret;
    this.key = Buffer.from(hkdfSync('sha256', root, '', 'parley webhook secrets', 32));
  }

  /** Returns 256 random bits, in the format of Standard Webhooks. */
  generate(): string {
    return GENERATED_PREFIX + randomBytes(SECRET_BYTES).toString('base64');
  }

  encrypt(webhookId: string, secret: string): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(webhookId));
    const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), body]);
  }

  /** Returns undefined when it was encrypted with another key or for another webhook. */
  decrypt(webhookId: string, ciphertext: Buffer): string | undefined {
    const decipher = createDecipheriv('aes-256-gcm', this.key, ciphertext.subarray(0, IV_BYTES));
    decipher.setAAD(Buffer.from(webhookId)).setAuthTag(ciphertext.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    try {
      const body = decipher.update(ciphertext.subarray(IV_BYTES + TAG_BYTES));
      return Buffer.concat([body, decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  /** Newest first; undefined when the newest cannot be decrypted. */
  decryptAll({
    webhook_id: id,
    secret_box: ciphertext,
    previous_secret_box: previousCiphertext,
  }: EncryptedSecrets): string[] | undefined {
    const newest = this.decrypt(id, ciphertext);
    if (newest === undefined) return undefined;
    const previous = previousCiphertext ? this.decrypt(id, previousCiphertext) : undefined;
    return previous === undefined ? [newest] : [newest, previous];
  }
}

/** The current secrets of a webhook, as stored. */
export interface EncryptedSecrets {
  readonly webhook_id: string;
  readonly secret_box: Buffer;
  readonly previous_secret_box: Buffer | null;
}

/** Checks a secret that the client chose. @throws ValidationError */
export function requireSecret(secret: string): string {
  if (secret.length < SECRET_MIN || secret.length > SECRET_MAX) {
    throw ValidationError.of('secret', `must have ${SECRET_MIN} to ${SECRET_MAX} characters`);
  }
  if (!/^[\x21-\x7e]+$/.test(secret)) throw ValidationError.of('secret', 'must be printable ASCII without spaces');
  if (new Set(secret).size < 6) throw ValidationError.of('secret', 'is too easy to guess');
  if (secret.startsWith(GENERATED_PREFIX) && !BASE64.test(secret.slice(GENERATED_PREFIX.length))) {
    throw ValidationError.of('secret', `must be base64 after ${GENERATED_PREFIX}`);
  }
  return secret;
}

/** The key for Standard Webhooks: the base64 after `whsec_`, or the text itself. */
export function standardKeyOf(secret: string): Buffer {
  return secret.startsWith(GENERATED_PREFIX)
    ? Buffer.from(secret.slice(GENERATED_PREFIX.length), 'base64')
    : Buffer.from(secret, 'utf8');
}
