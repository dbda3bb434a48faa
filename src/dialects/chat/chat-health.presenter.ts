import type { HealthReport } from '../../platform/health/health.js';
import type { ChatHealthDto } from './chat.dto.js';

export function presentHealth(): ChatHealthDto {
  return { status: 'healthy', message: 'The chat API is running', timestamp: new Date().toISOString() };
}

/** Of the database alone, whatever else is wrong. */
export function presentDatabase({ components }: HealthReport): { status: number; body: ChatHealthDto } {
  const timestamp = new Date().toISOString();
  return components.database?.status === 'healthy'
    ? { status: 200, body: { status: 'connected', message: 'The database answers', timestamp } }
    : { status: 503, body: { status: 'disconnected', message: 'The database does not answer', timestamp } };
}
