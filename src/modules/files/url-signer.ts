import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parse, stringify } from 'uuid';
import { Config } from '../../platform/config/config.js';
import { DISPOSITIONS, type Disposition } from './files.dto.js';

/** Longer than a page takes to load, no longer than security asks for. */
export const ADDRESS_TTL_MS = 5 * 60_000;

export const VARIANTS = ['content', 'thumbnail'] as const;
export type Variant = (typeof VARIANTS)[number];

/** What an address lets whom do, until when. */
export interface SignedAddress {
  readonly fileId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly variant: Variant;
  readonly disposition: Disposition | undefined;
  readonly expiresAt: Date;
}

const LENGTH = 54;
const SIGNATURE_LENGTH = 32;

/**
 * Makes and reads the tokens of signed addresses. A token proves who asked; what he may see is looked up when it is
 * used. Everything it says is under the signature.
 */
@Injectable()
export class UrlSigner {
  private readonly key: Buffer;

  constructor({ jwtSecret }: Config) {
    this.key = createHmac('sha256', jwtSecret).update('signed addresses of files').digest();
  }

  sign({ fileId, userId, sessionId, variant, disposition, expiresAt }: SignedAddress): string {
    const said = Buffer.alloc(LENGTH);
    said.set(parse(fileId), 0);
    said.set(parse(userId), 16);
    said.set(parse(sessionId), 32);
    said.writeUInt32BE(Math.floor(expiresAt.getTime() / 1000), 48);
    said[52] = VARIANTS.indexOf(variant);
    said[53] = disposition === undefined ? DISPOSITIONS.length : DISPOSITIONS.indexOf(disposition);
    return Buffer.concat([said, this.mac(said)]).toString('base64url');
  }

  /** Undefined for one that is not ours, not for this, or no longer good. */
  read(token: string, fileId: string, variant: Variant): SignedAddress | undefined {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length !== LENGTH + SIGNATURE_LENGTH || bytes.toString('base64url') !== token) return undefined;
    const said = bytes.subarray(0, LENGTH);
    if (!timingSafeEqual(this.mac(said), bytes.subarray(LENGTH))) return undefined;
    const address: SignedAddress = {
      fileId: stringify(said, 0),
      userId: stringify(said, 16),
      sessionId: stringify(said, 32),
      expiresAt: new Date(said.readUInt32BE(48) * 1000),
      variant: VARIANTS[said[52]!]!,
      disposition: DISPOSITIONS[said[53]!],
    };
    const isGood = address.fileId === fileId && address.variant === variant && address.expiresAt.getTime() > Date.now();
    return isGood ? address : undefined;
  }

  private mac(said: Buffer): Buffer {
    return createHmac('sha256', this.key).update(said).digest();
  }
}
