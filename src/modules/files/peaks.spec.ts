import { MAX_SECONDS, Peaks } from './peaks.js';

describe('the waveform of a sound of unknown length', () => {
  it.each([3000, 5000, 1_000_000])('is that of its equal parts: %i samples', (length) => {
    const peaks = new Peaks();
    const piece = Math.ceil(length / 7);
    for (let from = 0; from < length; from += piece) {
      const samples = Float32Array.from({ length: Math.min(piece, length - from) }, (_, at) =>
        from + at < length / 2 ? 0 : (at % 2 === 0 ? -1 : 1) * 0.5,
      );
      expect(peaks.add([new Float32Array(samples.length), samples], 48_000)).toBe(true);
    }
    const waveform = peaks.waveform()!;
    expect(waveform).toHaveLength(64);
    expect(new Set(waveform.slice(0, 31))).toEqual(new Set([0]));
    expect(new Set(waveform.slice(33))).toEqual(new Set([50]));
  });

  it('does not exist for more than an hour, and without samples', () => {
    const peaks = new Peaks();
    expect(peaks.waveform()).toBeUndefined();
    expect(peaks.add([new Float32Array(2 * MAX_SECONDS)], 2)).toBe(true);
    expect(peaks.add([new Float32Array(1)], 2)).toBe(false);
  });
});
