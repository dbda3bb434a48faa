const LOOK_EVERY_MS = 500;

/**
 * Calls back once the npm that started this process is gone. npm hands a signal to its shell, which dies of it and
 * hands nothing on: without this, whoever ends `npm start` leaves a server behind that nobody started. Does nothing
 * where npm is not the parent.
 */
export function onParentExit(callBack: () => void): void {
  // eslint-disable-next-line no-restricted-syntax -- npm's own variable, no setting
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    callBack();
  }, LOOK_EVERY_MS).unref();
}
