/** All registered queues. Filled when the modules are loaded, so it is the same in every process. */
export const QUEUE_NAMES = new Set<string>();
