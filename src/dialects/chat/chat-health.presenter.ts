import { ServiceUnavailable } from '../../platform/errors/app-error.js';
import type { HealthReport } from '../../platform/health/health.js';
import type { ChatHealthDto } from './chat.dto.js';

export function presentHealth(): ChatHealthDto {
  return { status: 'healthy', message: 'The chat API is running', timestamp: new Date().toISOString() };
}

/** The health of the database only. @throws ServiceUnavailable when it is unavailable */
export function presentDatabase({ components }: HealthReport): ChatHealthDto {
  if (components.database?.status !== 'healthy') throw new ServiceUnavailable();
  return { status: 'connected', message: 'The database responds', timestamp: new Date().toISOString() };
}
