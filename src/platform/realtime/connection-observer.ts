/** Hears of connections coming and going on this node. The module `presence` listens. */
export interface ConnectionObserver {
  opened(connection: { id: string; userId: string }): void;
  closed(connection: { id: string; userId: string }): void;
}
