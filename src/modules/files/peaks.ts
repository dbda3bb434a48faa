import { LOUDEST, WAVEFORM_PARTS } from './checks/waveform.js';

/** A power of two; of that many blocks each part of a waveform has at least 32. */
const MAX_BLOCKS = 4096;
const FIRST_BLOCK = 32;
/** Longer sound has no waveform. */
export const MAX_SECONDS = 3600;

/**
 * The loudest samples of a sound whose length is not known before its end. Their number is bounded: when there are too
 * many blocks, each two become one.
 */
export class Peaks {
  private readonly peaks = new Float32Array(MAX_BLOCKS);
  private blockLength = FIRST_BLOCK;
  /** Of the current block, which is the last. */
  private filled = 0;
  private blocks = 0;
  private samples = 0;

  /** Adds the next samples, from -1 to 1, of all channels; false if the sound is too long. */
  add(channels: readonly Float32Array[], sampleRate: number): boolean {
    const length = channels[0]?.length ?? 0;
    this.samples += length;
    if (this.samples > MAX_SECONDS * sampleRate) return false;
    for (let at = 0; at < length;) {
      if (this.blocks === 0 || this.filled === this.blockLength) this.beginBlock();
      const end = Math.min(length, at + this.blockLength - this.filled);
      for (const channel of channels) this.include(channel, at, end);
      this.filled += end - at;
      at = end;
    }
    return true;
  }

  /** The loudest sample of each of 64 equal parts, from 0 to 100; undefined without samples. */
  waveform(): number[] | undefined {
    if (this.blocks === 0) return undefined;
    return Array.from({ length: WAVEFORM_PARTS }, (_, part) => {
      const first = Math.floor((part * this.blocks) / WAVEFORM_PARTS);
      const end = Math.max(first + 1, Math.floor(((part + 1) * this.blocks) / WAVEFORM_PARTS));
      return Math.round(LOUDEST * Math.min(1, Math.max(...this.peaks.subarray(first, end))));
    });
  }

  private beginBlock(): void {
    if (this.blocks === MAX_BLOCKS) {
      for (let at = 0; at < MAX_BLOCKS; at += 2) {
        this.peaks[at / 2] = Math.max(this.peaks[at]!, this.peaks[at + 1]!);
      }
      this.peaks.fill(0, MAX_BLOCKS / 2);
      this.blocks = MAX_BLOCKS / 2;
      this.blockLength *= 2;
    }
    this.blocks += 1;
    this.filled = 0;
  }

  /** A sample that is not a number counts as silence. */
  private include(channel: Float32Array, from: number, to: number): void {
    let peak = this.peaks[this.blocks - 1]!;
    for (let at = from; at < to; at++) {
      const sample = Math.abs(channel[at]!);
      if (sample > peak) peak = sample;
    }
    this.peaks[this.blocks - 1] = peak;
  }
}
