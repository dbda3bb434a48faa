/** Timeouts of uploads. A provider, so that tests can shorten them. */
export class UploadSettings {
  /** Slower uploads are cut off, so that they cannot occupy a connection without limit. */
  bytesPerSecond = 8 * 1024;
  /** The initial time in which the rate is not enforced. */
  graceMs = 10_000;
  checkMs = 5_000;
  /** The maximum duration of an upload: 50 MB at 85 kB/s. */
  maxMs = 10 * 60_000;
  /** How long a refused upload is still read, so that the client gets to read the response. */
  lingerMs = 2_000;
}
