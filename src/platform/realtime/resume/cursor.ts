import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { CursorKey } from '../fan-out/fan-out.repository.js';
import { WatermarkTracker } from '../fan-out/watermark-tracker.js';

/** Why a cursor is refused. The client then fetches everything again. */
export type CursorRefusal = 'invalid_cursor' | 'epoch_changed' | 'cursor_expired';

export type VerifiedCursor = { readonly watermark: string } | { readonly refused: CursorRefusal };

/** A cursor older than this is refused: its replay would exceed the limits in any case. */
export const CURSOR_MAX_AGE_MS = 7 * 24 * 3600 * 1000;

const VERSION = 1;
const BODY_BYTES = 1 + 8 + 8 + 6 + 16;
const MAC_BYTES = 16;
/** Base64url of body and MAC. Longer texts are refused without decoding. */
const MAX_TEXT = 96;

/**
 * Makes a resume cursor. It states that all events of transactions below `watermark` have been sent to this user. It is
 * opaque and signed, so that a client cannot extend a replay, and bound to the user, so that others cannot use it.
 */
export function signCursor(cursorKey: CursorKey, userId: string, watermark: string, at: number): string {
  const body = Buffer.alloc(BODY_BYTES);
  body.writeUInt8(VERSION, 0);
  epochMark(cursorKey.epoch).copy(body, 1);
  body.writeBigUInt64BE(BigInt(watermark), 9);
  body.writeUIntBE(at, 17, 6);
  userMark(userId).copy(body, 23);
  return Buffer.concat([body, mac(cursorKey.key, body)]).toString('base64url');
}

/** Verifies a cursor of a client and returns its watermark. Never throws. */
export function verifyCursor(cursorKey: CursorKey, text: string, userId: string, now: number): VerifiedCursor {
  if (typeof text !== 'string' || text.length > MAX_TEXT) return { refused: 'invalid_cursor' };
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== BODY_BYTES + MAC_BYTES) return { refused: 'invalid_cursor' };
  const body = bytes.subarray(0, BODY_BYTES);
  if (!timingSafeEqual(bytes.subarray(BODY_BYTES), mac(cursorKey.key, body))) return { refused: 'invalid_cursor' };
  if (body.readUInt8(0) !== VERSION || !userMark(userId).equals(body.subarray(23))) {
    return { refused: 'invalid_cursor' };
  }
  if (!epochMark(cursorKey.epoch).equals(body.subarray(1, 9))) return { refused: 'epoch_changed' };
  if (now - body.readUIntBE(17, 6) > CURSOR_MAX_AGE_MS) return { refused: 'cursor_expired' };
  return { watermark: body.readBigUInt64BE(9).toString() };
}

/** Issues cursors. A resume from a cursor issued before a read delivers everything that the read does not contain. */
@Injectable()
export class ResumeCursors {
  constructor(private readonly watermarks: WatermarkTracker) {}

  /** A cursor for this user as of at most 5 s ago: a resume from it misses nothing that happens from now on. */
  async now(userId: string): Promise<string> {
    const { cursorKey, watermark } = await this.watermarks.recentState();
    return signCursor(cursorKey, userId, watermark, Date.now());
  }

  /** A cursor for this user as of this moment: what was committed before the call is below its watermark. */
  async fresh(userId: string): Promise<string> {
    const { cursorKey, watermark } = await this.watermarks.currentState();
    return signCursor(cursorKey, userId, watermark, Date.now());
  }

  /** Verifies a cursor of this user. */
  async verify(userId: string, cursor: string): Promise<VerifiedCursor> {
    const { cursorKey } = await this.watermarks.recentState();
    return verifyCursor(cursorKey, cursor, userId, Date.now());
  }
}

function mac(key: Buffer, body: Buffer): Buffer {
  return createHmac('sha256', key).update(body).digest().subarray(0, MAC_BYTES);
}

function epochMark(epoch: string): Buffer {
  return createHash('sha256').update(epoch).digest().subarray(0, 8);
}

function userMark(userId: string): Buffer {
  return Buffer.from(userId.replaceAll('-', '').padEnd(32, '0').slice(0, 32), 'hex');
}
