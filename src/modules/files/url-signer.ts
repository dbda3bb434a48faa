import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parse, stringify } from 'uuid';
import { Config } from '../../platform/config/config.js';
import type { ImageSize } from './storage/file-storage.js';
import { DISPOSITIONS, type Disposition } from './files.dto.js';

/** Long enough for a page to load, and short for security. */
export const URL_TTL_MS = 5 * 60_000;

/** Thumbnail is the small one. Tokens contain the position in this list. */
export const VARIANTS = ['content', 'thumbnail', 'medium', 'large', 'full'] as const;
export type Variant = (typeof VARIANTS)[number];

/** The variant of a thumbnail of this size. */
export function variantOf(size: ImageSize = 'small'): Exclude<Variant, 'content'> {
  return size === 'small' ? 'thumbnail' : size;
}

/** The permissions of a signed URL: who may read which file until when. */
export interface SignedUrlClaims {
  readonly fileId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly variant: Variant;
  readonly disposition: Disposition | undefined;
  readonly expiresAt: Date;
}

const PAYLOAD_LENGTH = 54;
const SIGNATURE_LENGTH = 32;

/**
 * Creates and reads the tokens of signed URLs. A token proves who requested it; their access is checked when it is
 * used. All its fields are signed.
 */
@Injectable()
export class UrlSigner {
  private readonly key: Buffer;

  constructor({ jwtSecret }: Config) {
    this.key = createHmac('sha256', jwtSecret).update('signed addresses of files').digest();
  }

  sign({ fileId, userId, sessionId, variant, disposition, expiresAt }: SignedUrlClaims): string {
    const payload = Buffer.alloc(PAYLOAD_LENGTH);
    payload.set(parse(fileId), 0);
    payload.set(parse(userId), 16);
    payload.set(parse(sessionId), 32);
    payload.writeUInt32BE(Math.floor(expiresAt.getTime() / 1000), 48);
    payload[52] = VARIANTS.indexOf(variant);
    payload[53] = disposition === undefined ? DISPOSITIONS.length : DISPOSITIONS.indexOf(disposition);
    return Buffer.concat([payload, this.mac(payload)]).toString('base64url');
  }

  /** Returns undefined for a token that is forged, for another file or variant, or expired. */
  read(token: string, fileId: string, variant: Variant): SignedUrlClaims | undefined {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length !== PAYLOAD_LENGTH + SIGNATURE_LENGTH || bytes.toString('base64url') !== token) return undefined;
    const payload = bytes.subarray(0, PAYLOAD_LENGTH);
    if (!timingSafeEqual(this.mac(payload), bytes.subarray(PAYLOAD_LENGTH))) return undefined;
    const claims: SignedUrlClaims = {
      fileId: stringify(payload, 0),
      userId: stringify(payload, 16),
      sessionId: stringify(payload, 32),
      expiresAt: new Date(payload.readUInt32BE(48) * 1000),
      variant: VARIANTS[payload[52]!]!,
      disposition: DISPOSITIONS[payload[53]!],
    };
    const isValid = claims.fileId === fileId && claims.variant === variant && claims.expiresAt.getTime() > Date.now();
    return isValid ? claims : undefined;
  }

  private mac(payload: Buffer): Buffer {
    return createHmac('sha256', this.key).update(payload).digest();
  }
}
