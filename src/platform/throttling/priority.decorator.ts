import { SetMetadata } from '@nestjs/common';

/**
 * The priority classes in the order in which they are refused under overload: signals (typing, presence), then figures
 * (search, statistics, exports), then reads, and writes last. `vital` requests are never refused: health, logout, bans,
 * ping.
 */
export const PRIORITIES = ['signals', 'figures', 'reads', 'writes', 'vital'] as const;
export type PriorityClass = (typeof PRIORITIES)[number];

export const PRIORITY = Symbol('priority');

/**
 * The priority of this route (or of all routes of the controller) under overload. The default is that of its rate limit
 * or, without one, `reads` for GET and HEAD and `writes` for the rest.
 */
export const Priority = (priority: PriorityClass): MethodDecorator & ClassDecorator => SetMetadata(PRIORITY, priority);
