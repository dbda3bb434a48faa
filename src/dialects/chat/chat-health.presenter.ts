import { ServiceUnavailable } from '../../platform/errors/app-error.js';
import type { HealthReport } from '../../platform/health/health.js';
import type { ChatHealthDto } from './chat.dto.js';

export function presentHealth(): ChatHealthDto {
  return { status: 'healthy', message: 'The chat API is running', timestamp: new Date().toISOString() };
}

/** Of the database alone, whatever else is wrong. @throws ServiceUnavailable without it */
export function presentDatabase({ components }: HealthReport): ChatHealthDto {
  if (components.database?.status !== 'healthy') throw new ServiceUnavailable();
  return { status: 'connected', message: 'The database answers', timestamp: new Date().toISOString() };
}
