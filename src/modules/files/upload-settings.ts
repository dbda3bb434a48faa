/** Times of uploads. One provider, so that tests can make them short. */
export class UploadSettings {
  /** Slower uploads are cut off: they would hold a connection for as long as they like. */
  bytesPerSecond = 8 * 1024;
  /** What an upload may do with its first seconds. */
  graceMs = 10_000;
  checkMs = 5_000;
  /** The longest an upload may take: 50 MB at 85 kB/s. */
  mostMs = 10 * 60_000;
  /** How long a refused upload is still listened to, so that the client gets to reading why. */
  lingerMs = 2_000;
}
