const CHECK_EVERY_MS = 500;

/**
 * Calls back once the npm that started this process has ended. npm passes a signal to its shell, which ends without
 * passing it on: without this, stopping `npm start` would leave an orphaned server running. Does nothing if npm is not
 * the parent.
 */
export function onParentExit(callBack: () => void): void {
  // eslint-disable-next-line no-restricted-syntax -- a variable of npm, not a setting
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callBack();
  }, CHECK_EVERY_MS).unref();
}
