/** Every queue somebody registered, filled when the modules are loaded: the same in every process of the program. */
export const QUEUE_NAMES = new Set<string>();
